//! leaksieve on the Raspberry Pi Pico. All that it does is in `leaksieve-rp`, and in `leaksieve-app`.

#![no_std]
#![no_main]

use defmt_rtt as _;
use embassy_executor::Spawner;
use leaksieve_app::PublicKey;
use leaksieve_link::boards::PICO;

// `KEYS`, the public keys whose filters are accepted.
include!(concat!(env!("OUT_DIR"), "/keys.rs"));

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    leaksieve_rp::run::<{ PICO.flash_bytes as usize }>(&PICO, KEYS).await
}
