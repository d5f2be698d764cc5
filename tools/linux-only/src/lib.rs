//! Whatever calls the kernel depends on this one, whose build script stops the build on anything
//! but Linux.
