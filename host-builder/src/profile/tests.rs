//! Every region's patterns, against the regular expressions they come from.

use leaksieve_core::identifier::phone::MAX_RULE_BYTES;

use super::*;

#[test]
fn sizes() {
    let mut total = Vec::new();
    for region in phone_regions().chain(["world"]) {
        match phone_profile(region) {
            Ok(profile) => {
                let bytes = postcard::to_slice(&profile, &mut [0; 600]).unwrap().len();
                let p = &profile;
                total.push((bytes, region, p.num_international_bytes, p.num_national_bytes, p.rules.len()));
            }
            Err(error) => println!("{error}"),
        }
    }
    total.sort_unstable();
    let _ = MAX_RULE_BYTES;
    println!("median {:?}\nlargest {:?}", total[total.len() / 2], &total[total.len() - 30..]);
    let main = "CN HK TW US GB DE FR IN BR AR MX RU JP KR ID IT ES AU NG PK BD VN TR IR EG ZA world";
    for row in total.iter().filter(|row| main.contains(row.1)) { println!("{row:?}"); }
}
