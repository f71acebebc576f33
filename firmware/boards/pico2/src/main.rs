//! leaksieve on the Raspberry Pi Pico 2. All that it does is in `leaksieve-rp`, and in `leaksieve-app`.

#![no_std]
#![no_main]

use defmt_rtt as _;
use embassy_executor::Spawner;
use leaksieve_app::PublicKey;
use leaksieve_link::boards::PICO2;

// `KEYS`, the public keys whose filters are accepted.
include!(concat!(env!("OUT_DIR"), "/keys.rs"));

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    leaksieve_rp::run::<{ PICO2.flash_bytes as usize }>(&PICO2, KEYS).await
}
