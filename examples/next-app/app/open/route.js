export function GET() {
  return new Response("anyone may read this\n");
}
