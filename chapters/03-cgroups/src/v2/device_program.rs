//! Device rules as a program for the kernel's BPF machine, assembled by hand: bpf-helpers(7),
//! linux/bpf.h.
//!
//! v2 has no files for devices. Instead, each time a process in the cgroup opens or makes a device,
//! the kernel runs a program that is attached to the cgroup, and asks it: 1 is yes, 0 is no. The
//! program gets three numbers (`struct bpf_cgroup_dev_ctx`): kind and use in one, major, minor.

use crate::device_rules::{Kind, Rule};

/// One instruction: `struct bpf_insn`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Instruction {
    /// What is done.
    pub code: u8,
    /// The register that is changed, and the other one in the upper half.
    pub registers: u8,
    /// How far to jump, or where to read.
    pub offset: i16,
    /// A number.
    pub immediate: i32,
}

const LOAD_WORD: u8 = 0x61; // BPF_LDX | BPF_MEM | BPF_W
const MOVE_REGISTER: u8 = 0xbf; // BPF_ALU64 | BPF_MOV | BPF_X
const MOVE_NUMBER: u8 = 0xb7; // BPF_ALU64 | BPF_MOV | BPF_K
const AND_NUMBER: u8 = 0x57; // BPF_ALU64 | BPF_AND | BPF_K
const SHIFT_RIGHT: u8 = 0x77; // BPF_ALU64 | BPF_RSH | BPF_K
const JUMP_IF_NOT: u8 = 0x55; // BPF_JMP | BPF_JNE | BPF_K
const EXIT: u8 = 0x95; // BPF_JMP | BPF_EXIT

const ANSWER: u8 = 0;
const CONTEXT: u8 = 1;
const KIND: u8 = 2;
const USE: u8 = 3;
const MAJOR: u8 = 4;
const MINOR: u8 = 5;
const SCRATCH: u8 = 6;

const BLOCK: i32 = 1; // BPF_DEVCG_DEV_BLOCK
const CHARACTER: i32 = 2; // BPF_DEVCG_DEV_CHAR
const MAKE: i32 = 1; // BPF_DEVCG_ACC_MKNOD
const READ: i32 = 2; // BPF_DEVCG_ACC_READ
const WRITE: i32 = 4; // BPF_DEVCG_ACC_WRITE

fn with_number(code: u8, register: u8, immediate: i32) -> Instruction {
    Instruction { code, registers: register, offset: 0, immediate }
}

fn load(register: u8, offset: i16) -> Instruction {
    Instruction { code: LOAD_WORD, registers: register | CONTEXT << 4, offset, immediate: 0 }
}

fn copy(register: u8, from: u8) -> Instruction {
    Instruction { code: MOVE_REGISTER, registers: register | from << 4, offset: 0, immediate: 0 }
}

// ANCHOR: program
/// The program that says yes to what one of the rules allows, and no to everything else.
pub fn assemble(rules: &[Rule]) -> Vec<Instruction> {
    // The first number holds the kind in its lower half and the use in its upper half.
    let mut program = vec![
        load(KIND, 0),
        copy(USE, KIND),
        with_number(AND_NUMBER, KIND, 0xffff),
        with_number(SHIFT_RIGHT, USE, 16),
        load(MAJOR, 4),
        load(MINOR, 8),
    ];
    for rule in rules {
        program.extend(one(rule));
        if rule.is_everything() {
            // The kernel loads no program with instructions that are never reached (EINVAL).
            return program;
        }
    }
    program.extend([with_number(MOVE_NUMBER, ANSWER, 0), with_number(EXIT, 0, 0)]);
    program
}

/// Yes, if the rule fits; else on to what comes after.
fn one(rule: &Rule) -> Vec<Instruction> {
    let mut tests = Vec::new();
    match rule.kind {
        Kind::Block => tests.push(with_number(JUMP_IF_NOT, KIND, BLOCK)),
        Kind::Character => tests.push(with_number(JUMP_IF_NOT, KIND, CHARACTER)),
        Kind::All => {}
    }
    // Nothing may be asked for that the rule doesn't allow.
    let denied = [(rule.make, MAKE), (rule.read, READ), (rule.write, WRITE)];
    let denied: i32 = denied.iter().filter(|(allowed, _)| !allowed).map(|(_, bit)| bit).sum();
    if denied != 0 {
        tests.extend([
            copy(SCRATCH, USE),
            with_number(AND_NUMBER, SCRATCH, denied),
            with_number(JUMP_IF_NOT, SCRATCH, 0),
        ]);
    }
    tests.extend(rule.major.map(|major| with_number(JUMP_IF_NOT, MAJOR, major as i32)));
    tests.extend(rule.minor.map(|minor| with_number(JUMP_IF_NOT, MINOR, minor as i32)));
    tests.extend([with_number(MOVE_NUMBER, ANSWER, 1), with_number(EXIT, 0, 0)]);
    // A jump counts from the instruction after it.
    let end = tests.len();
    for (place, test) in tests.iter_mut().enumerate().filter(|(_, test)| test.code == JUMP_IF_NOT) {
        test.offset = (end - place - 1) as i16;
    }
    tests
}
// ANCHOR_END: program

#[cfg(test)]
mod tests {
    use super::*;

    /// The BPF machine, as far as the programs go.
    fn asks(program: &[Instruction], context: [u32; 3]) -> u64 {
        let (mut registers, mut at) = ([0u64; 11], 0usize);
        loop {
            let Instruction { code, registers: names, offset, immediate } = program[at];
            let (to, from) = (usize::from(names & 15), usize::from(names >> 4));
            at += 1;
            match code {
                LOAD_WORD => registers[to] = context[offset as usize / 4].into(),
                MOVE_REGISTER => registers[to] = registers[from],
                MOVE_NUMBER => registers[to] = immediate as u64,
                AND_NUMBER => registers[to] &= immediate as u64,
                SHIFT_RIGHT => registers[to] >>= immediate,
                JUMP_IF_NOT if registers[to] != immediate as u64 => at += offset as usize,
                JUMP_IF_NOT => {}
                EXIT => return registers[0],
                other => panic!("no such instruction: {other:#x}"),
            }
        }
    }

    fn allows(rules: &[&str], kind: i32, uses: i32, device: (u32, u32)) -> bool {
        let rules: Vec<Rule> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        asks(&assemble(&rules), [(uses << 16 | kind) as u32, device.0, device.1]) == 1
    }

    #[test]
    fn what_a_rule_allows_is_allowed_and_nothing_else() {
        let rules = ["c 1:3 rw", "b 8:* r"];
        assert!(allows(&rules, CHARACTER, READ | WRITE, (1, 3)));
        assert!(!allows(&rules, CHARACTER, READ | MAKE, (1, 3)));
        assert!(!allows(&rules, CHARACTER, READ, (1, 5)));
        assert!(!allows(&rules, BLOCK, READ, (1, 3)));
        assert!(allows(&rules, BLOCK, READ, (8, 17)));
        assert!(!allows(&rules, BLOCK, WRITE, (8, 17)));
    }

    #[test]
    fn without_rules_nothing_is_allowed_and_with_all_everything() {
        assert!(!allows(&[], CHARACTER, READ, (1, 3)));
        assert!(allows(&["a *:* rwm"], BLOCK, READ | WRITE | MAKE, (8, 0)));
    }

    #[test]
    fn behind_a_yes_to_everything_stands_nothing() {
        let program = |rules: &[&str]| {
            let rules: Vec<Rule> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
            assemble(&rules)
        };
        assert_eq!(program(&["a *:* rwm", "c 1:3 r"]).len(), program(&["a *:* rwm"]).len());
        // As many as without it: its two in place of the two that say no.
        assert_eq!(program(&["c 1:3 r", "a *:* rwm"]).len(), program(&["c 1:3 r"]).len());
    }

    #[test]
    fn an_instruction_has_the_kernels_size() {
        assert_eq!(size_of::<Instruction>(), 8);
    }
}
