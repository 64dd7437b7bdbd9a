/// How many steps there are.
pub const STEPS: u32 = 199;
