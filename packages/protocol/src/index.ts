// Owns what stands on the wire: names, shapes, strict parsers, token layouts.
// Does not own rules of sessions and tokens (core), HTTP (server), any I/O.
// This file is the table of contents; start here.
export {}
