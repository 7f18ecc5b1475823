// Owns judging a request locally: verdicts, the view, the lease.
// Does not own minting: it knows protocol only.
// This file is the table of contents; start here.
export {};
