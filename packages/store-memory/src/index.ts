// Owns a store that lives in memory.
// Does not own durability: it forgets on exit and says so.
// This file is the table of contents; start here.
export {};
