//! The throwaway machine. (To be written.)
