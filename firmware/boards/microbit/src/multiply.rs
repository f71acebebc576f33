//! The product of two 64-bit numbers, which hashing asks for five times and this processor has
//! no instruction for. The compiler's own function takes 39 instructions, because it is compiled;
//! written out it takes 23.

use core::arch::global_asm;

// Run-time ABI for the Arm Architecture (IHI 0043), section 5.2: the factors a and b in r1:r0
// and r3:r2, the lower 64 bits of a * b in r1:r0; r0 to r3 need not be kept. Of a's and b's
// halves of 16 bits, a0 and a1, b0 and b1 are those of their lower words.
global_asm!(
    ".pushsection .text.__aeabi_lmul, \"ax\", %progbits",
    ".global __aeabi_lmul",
    ".type __aeabi_lmul, %function",
    ".thumb_func",
    "__aeabi_lmul:",
    "push {{r4, r5, lr}}",
    // Of the products with a higher word the lower half counts, in the result's higher word.
    "muls r1, r2, r1",
    "muls r3, r0, r3",
    "adds r1, r1, r3",
    "uxth r4, r0",
    "lsrs r0, r0, #16",
    "uxth r5, r2",
    "lsrs r2, r2, #16",
    // r4: a0, r0: a1, r5: b0, r2: b1.
    "mov r3, r0",
    "muls r3, r2, r3",
    "adds r1, r1, r3",
    "muls r2, r4, r2",
    "muls r4, r5, r4",
    "muls r5, r0, r5",
    // r1: the higher word but for what is carried, r2: a0 * b1, r4: a0 * b0, r5: a1 * b0. Of
    // the two in the middle each half goes into another word.
    "lsls r0, r2, #16",
    "lsrs r2, r2, #16",
    "adds r0, r0, r4",
    "adcs r1, r2",
    "lsls r4, r5, #16",
    "lsrs r5, r5, #16",
    "adds r0, r0, r4",
    "adcs r1, r5",
    "pop {{r4, r5, pc}}",
    ".size __aeabi_lmul, . - __aeabi_lmul",
    ".popsection",
);
