/** @type {import("next").NextConfig} */
export default {
  // The app is this directory, whatever stands above it.
  turbopack: { root: import.meta.dirname },
  // Where nothing looks for sources.
  distDir: "node_modules/.next",
};
