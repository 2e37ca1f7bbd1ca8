//! Polar's API as bare facts: what the code generator, the sandbox and the command line read.
