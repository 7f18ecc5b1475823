// Owns the command line: noun verb, data on stdout, speech on stderr.
// Does not own rules: it calls the server package or its HTTP surface.
// This file is the table of contents; start here.
export {};
