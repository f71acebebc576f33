use std::time::Instant;

use leaksieve_core::identifier::phone::plan::Plan;

use super::super::phone_regions;
use super::*;

#[test]
fn sizes() {
    let used = |plan: &PhonePlan| {
        let words = plan.payloads.iter().flat_map(|p| p.as_chunks::<4>().0);
        words.filter(|word| **word != [0; 4]).count()
    };
    for region in "CN US DE GB BR IN FR AR VN MX ID world".split(' ') {
        let start = Instant::now();
        let plan = phone_plan(region).unwrap();
        println!(
            "{region}: {} words, {} sectors, {} reads, {:?}",
            used(plan),
            plan.payloads.len(),
            plan.max_reads,
            start.elapsed()
        );
    }
    let start = Instant::now();
    let mut all: Vec<_> = phone_regions()
        .map(|r| phone_plan(r).unwrap())
        .map(|p| (p.payloads.len(), used(p), p.max_reads))
        .collect();
    all.sort();
    println!(
        "median {:?} max {:?} in {:?}",
        all[all.len() / 2],
        all.last(),
        start.elapsed()
    );
    println!(
        "{:?}",
        Plan(&phone_plan("CN").unwrap().payloads).judge(b"8613800138000")
    );
}
