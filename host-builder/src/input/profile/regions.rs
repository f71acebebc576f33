//! What `regions.tsv` says of each region.

pub(super) const REGIONS: &str = include_str!("regions.tsv");

/// Regions whose national prefixes are taken as this pattern and transform.
const OVERRIDES: [(&str, &str, &str); 2] = [
    // The metadata lists 200 area codes to find the mobile mark 15 after one.
    // Their lengths do: 15 cannot stand at two of these places at once, and a
    // number that is one without the change is left alone.
    ("AR", r"0?(?:(11|[23]\d\d\d?)15)?", r"9\1"),
    // Until 2019 mobiles were written +52 1 and dialled 044, 045 or 01; leaks
    // keep these forms. No national number begins with 0 or 1.
    ("MX", r"0(?:[12]|4[45])|1", "-"),
];

/// What `regions.tsv` says of one region; empty where nothing is said.
#[derive(Clone, Copy)]
pub(super) struct Region<'a> {
    pub(super) name: &'a str,
    pub(super) calling_code: u16,
    /// Bit n: a national number may have n digits.
    pub(super) num_digits: u32,
    pub(super) international_prefix: &'a str,
    pub(super) national_prefix: &'a str,
    pub(super) national_prefix_transform: &'a str,
    pub(super) numbers: &'a str,
}

impl<'a> Region<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line
            .split('\t')
            .map(|field| if field == "-" { "" } else { field });
        let mut region = Self {
            name: fields.next()?,
            calling_code: fields.next()?.parse().ok()?,
            num_digits: fields
                .next()?
                .split(',')
                .map(|n| n.parse::<u32>().ok().and_then(|n| 1_u32.checked_shl(n)))
                .try_fold(0, |mask, bit| Some(mask | bit?))?,
            international_prefix: fields.next()?,
            national_prefix: fields.next()?,
            national_prefix_transform: fields.next()?,
            numbers: fields.next()?,
        };
        for (name, prefix, transform) in OVERRIDES {
            if name == region.name {
                region.national_prefix = prefix;
                region.national_prefix_transform = if transform == "-" { "" } else { transform };
            }
        }
        Some(region)
    }
}

pub(super) fn regions() -> impl Iterator<Item = Region<'static>> {
    REGIONS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(Region::parse)
}
