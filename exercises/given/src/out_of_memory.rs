/// For whoever reads the exit code 137 next.
pub fn say_out_of_memory() {
    eprintln!("mydocker: out of memory: the kernel has killed a process of the container");
}
