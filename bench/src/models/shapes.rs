//! Where the numbers of each model lie, and how many of them are members.

use super::random::Random;
use super::{Model, Stretch};

/// Numbers that are given out together.
const BLOCK: u64 = 10_000;
/// The numbers of a Chinese network.
const NETWORK: u64 = 100_000_000;

/// The networks of Chinese mobile numbers that are valid as a whole: from a network, as many, and
/// the share of their numbers that the clustered model takes. 52 networks are 5.2 * 10^9 numbers.
const NETWORKS: [(u64, u64, f64); 15] = [
    (130, 10, 0.36),
    (145, 1, 0.03),
    (147, 1, 0.03),
    (150, 4, 0.30),
    (155, 5, 0.30),
    (162, 1, 0.03),
    (165, 3, 0.06),
    (170, 2, 0.12),
    (172, 2, 0.17),
    (175, 4, 0.17),
    (180, 10, 0.33),
    (190, 2, 0.12),
    (192, 2, 0.12),
    (195, 3, 0.12),
    (198, 2, 0.12),
];

/// Countries of the list of Facebook's users: millions of members, what their mobile numbers begin
/// with, and how many digits follow.
const COUNTRIES: [(f64, &[u64], u32); 16] = [
    (
        32.3,
        &[1212, 1213, 1310, 1415, 1512, 1617, 1702, 1713, 1818, 1917],
        7,
    ),
    (44.8, &[2010, 2011, 2012, 2015], 8),
    (18.9, &[21261, 21266, 21267], 7),
    (11.5, &[21355, 21366, 21377], 7),
    (14.3, &[2772, 2773, 2782, 2783, 2784], 7),
    (19.8, &[336], 8),
    (35.7, &[3932, 3933, 3934, 3938], 8),
    (11.5, &[4477, 4478, 4479], 8),
    (6.0, &[49171, 49172, 49173, 49174, 49175], 7),
    (8.1, &[55119, 55219], 8),
    (17.9, &[57310, 57311, 57312, 57313, 57314], 7),
    (11.7, &[6012, 6016, 6017, 6019], 7),
    (10.0, &[7903, 7916, 7926], 7),
    (19.6, &[9053, 9054], 8),
    (17.1, &[96477, 96478, 96479], 8),
    (28.8, &[96650, 96653, 96655], 7),
];

/// The stretches of a model with so many items, about.
pub(super) fn of(model: Model, num_items: f64, random: &mut Random) -> Vec<Stretch> {
    let num_values = NETWORKS.iter().map(|(_, count, _)| count).sum::<u64>() * NETWORK;
    let everywhere = |share| in_networks(num_values as f64, |_| vec![(BLOCK, share)]);
    match model {
        Model::Uniform => everywhere(num_items / num_values as f64),
        Model::Sparse => everywhere(num_items / 50.0 / num_values as f64),
        Model::Dense => in_networks(num_items * 5.2, |_| vec![(BLOCK, 1.0 / 5.2)]),
        Model::Beta => in_networks(num_items * 4.5, |_| vec![(BLOCK, random.beta(2.0, 7.0))]),
        Model::Heavy => in_networks(num_items / (0.7 * 0.25), |_| {
            let is_empty = random.unit() < 0.3;
            let share = random.beta(0.5, 1.5).min(0.97);
            vec![(BLOCK, if is_empty { 0.0 } else { share })]
        }),
        Model::Clustered => in_networks(num_items * 4.8, |share| region(share, random)),
        // 40 % of the blocks are not given out; of the others, 1 to 9 tenths.
        Model::HalfUsed => in_networks(num_items * 2.0 / 0.6 / 0.5, |_| {
            let is_given = random.unit() < 0.6;
            let used = BLOCK / 10 * random.between(1, 10);
            let share = if is_given { random.beta(6.0, 6.0) } else { 0.0 };
            vec![(used, share), (BLOCK - used, 0.0)]
        }),
        Model::Sequential => {
            let mut stretches = Vec::new();
            let (mut first, mut members) = (100_000_001, 0.0);
            while members < num_items {
                // Now and then the counter jumped; robots were taken out.
                let num_values = random.between(5_000, 300_000);
                let share = match random.unit() {
                    kind if kind < 0.1 => 0.0,
                    kind if kind < 0.25 => random.beta(2.0, 4.0),
                    _ => random.beta(40.0, 4.0),
                };
                stretches.push(Stretch {
                    first,
                    num_values,
                    share,
                });
                first += num_values;
                members += num_values as f64 * share;
            }
            stretches
        }
        Model::Countries => countries(num_items, random),
    }
}

/// The first numbers of each network, so many in all at least, in parts of a length and a share
/// that are given from the network's share.
fn in_networks(num_values: f64, mut parts: impl FnMut(f64) -> Vec<(u64, f64)>) -> Vec<Stretch> {
    let num_networks = NETWORKS.iter().map(|(_, count, _)| count).sum::<u64>();
    let its = (num_values / num_networks as f64 / BLOCK as f64).ceil() as u64 * BLOCK;
    let its = its.min(NETWORK);
    let mut stretches = Vec::new();
    for (network, count, share) in NETWORKS {
        for network in network..network + count {
            let end = network * NETWORK + its;
            let mut first = network * NETWORK;
            while first < end {
                for (length, share) in parts(share) {
                    let num_values = length.min(end - first);
                    stretches.push(Stretch {
                        first,
                        num_values,
                        share,
                    });
                    first += num_values;
                }
            }
        }
    }
    stretches
}

/// Blocks of a region, which has a share of its own near the network's; they vary around it.
fn region(share: f64, random: &mut Random) -> Vec<(u64, f64)> {
    let is_empty = random.unit() < if share > 0.25 { 0.08 } else { 0.3 };
    let its = random.beta(share * 12.0, (1.0 - share) * 12.0);
    let block = |random: &mut Random| {
        let (a, b) = (its * 40.0, (1.0 - its) * 40.0);
        random.beta(a.max(0.001), b.max(0.001)).min(0.98)
    };
    (0..random.between(10, 60))
        .map(|_| (BLOCK, if is_empty { 0.0 } else { block(random) }))
        .collect()
}

/// A quarter of the blocks is empty.
fn countries(num_items: f64, random: &mut Random) -> Vec<Stretch> {
    let all: f64 = COUNTRIES.iter().map(|(millions, ..)| millions * 1e6).sum();
    let scale = num_items / all;
    let mut stretches = Vec::new();
    for (millions, prefixes, num_digits) in COUNTRIES {
        let size = 10_u64.pow(num_digits);
        let share = millions * 1e6 / (prefixes.len() as u64 * size) as f64;
        let share = (share / 0.75).min(0.6);
        let num_blocks = (scale * size as f64 / BLOCK as f64).ceil() as u64;
        for prefix in prefixes {
            for block in 0..num_blocks.min(size / 10 * 8 / BLOCK) {
                let is_empty = random.unit() < 0.25;
                let its = random.beta(share * 6.0, (1.0 - share) * 6.0).min(0.97);
                stretches.push(Stretch {
                    // US numbers go on with 2 or more.
                    first: prefix * size + 2 * size / 10 + block * BLOCK,
                    num_values: BLOCK,
                    share: if is_empty { 0.0 } else { its },
                });
            }
        }
    }
    stretches
}
