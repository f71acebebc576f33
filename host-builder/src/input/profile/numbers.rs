//! Sets of numbers as minimal automata without loops.
//!
//! A node is the set of what may follow some digits. Equal nodes are stored once, so that
//! an automaton that is made from its ends on is minimal at any time (J. Daciuk and others,
//! "Incremental Construction of Minimal Acyclic Finite-State Automata", 2000).

use std::collections::HashMap;

use super::expression::Piece;

/// A set of numbers: the index of a node.
pub(super) type Set = u32;

/// The empty set.
pub(super) const NONE: Set = 0;

/// What is said of a number that ends in a node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct End {
    pub(super) is_valid: bool,
    /// The word of its change.
    pub(super) change: Option<u32>,
}

impl End {
    const VALID: Self = Self {
        is_valid: true,
        change: None,
    };

    pub(super) fn is_any(self) -> bool {
        self != Self::default()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Node {
    pub(super) end: End,
    /// What follows each digit.
    pub(super) next: [Set; 10],
}

/// How two sets become one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Join {
    Union,
    /// The numbers in both.
    Both,
    /// The numbers in both; they get this change and are not valid.
    Marked(u32),
    /// The valid ones, and those of the other set, which have changes. What is in both
    /// gets the change, or does not.
    WithMarked(bool),
}

impl Join {
    fn end(self, a: End, b: End) -> End {
        match self {
            Self::Union => End {
                is_valid: a.is_valid || b.is_valid,
                change: a.change.or(b.change),
            },
            Self::Both if a.is_valid && b.is_valid => End::VALID,
            Self::Marked(change) if a.is_valid && b.is_valid => End {
                is_valid: false,
                change: Some(change),
            },
            Self::Both | Self::Marked(_) => End::default(),
            // The first row of the table that says something of a number holds.
            Self::WithMarked(is_both) if is_both || !a.is_valid => End {
                is_valid: a.is_valid,
                change: a.change.or(b.change),
            },
            Self::WithMarked(_) => a,
        }
    }
}

/// How an old number becomes a new one.
pub(super) struct Mark<'a> {
    pub(super) num_kept: u32,
    pub(super) num_removed: u32,
    pub(super) inserted: &'a str,
    pub(super) word: u32,
}

/// All sets that were made.
pub(super) struct Numbers {
    nodes: Vec<Node>,
    index: HashMap<Node, Set>,
    joined: HashMap<(Join, Set, Set), Set>,
}

impl Numbers {
    pub(super) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
            index: HashMap::from([(Node::default(), NONE)]),
            joined: HashMap::new(),
        }
    }

    pub(super) fn node(&self, set: Set) -> &Node {
        &self.nodes[set as usize]
    }

    fn add(&mut self, node: Node) -> Set {
        *self.index.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            (self.nodes.len() - 1) as Set
        })
    }

    /// The numbers that a pattern matches as a whole.
    pub(super) fn matching(&mut self, pieces: &[Piece]) -> Set {
        let end = self.add(Node {
            end: End::VALID,
            ..Node::default()
        });
        self.before(pieces, end)
    }

    /// The pieces, and then a number of the set.
    fn before(&mut self, pieces: &[Piece], following: Set) -> Set {
        pieces
            .iter()
            .rev()
            .fold(following, |following, piece| match piece {
                Piece::Digit(digits) => {
                    let mut node = Node::default();
                    for (digit, next) in node.next.iter_mut().enumerate() {
                        if digits >> digit & 1 == 1 {
                            *next = following;
                        }
                    }
                    self.add(node)
                }
                Piece::Choice(branches) => branches.iter().fold(NONE, |all, branch| {
                    let each = self.before(branch, following);
                    self.union(all, each)
                }),
                Piece::Group(_, inner) => self.before(inner, following),
                // Patterns of whole numbers end anyway.
                Piece::End => following,
            })
    }

    /// The digits, and then a number of the set.
    pub(super) fn after(&mut self, digits: &str, set: Set) -> Set {
        let pieces: Vec<Piece> = digits
            .bytes()
            .map(|digit| Piece::Digit(1 << (digit - b'0')))
            .collect();
        self.before(&pieces, set)
    }

    pub(super) fn union(&mut self, a: Set, b: Set) -> Set {
        self.join(Join::Union, a, b)
    }

    pub(super) fn both(&mut self, a: Set, b: Set) -> Set {
        self.join(Join::Both, a, b)
    }

    /// The first set, and what the second says of other numbers; where `is_both`, also of valid ones.
    pub(super) fn with_marked(&mut self, all: Set, marked: Set, is_both: bool) -> Set {
        self.join(Join::WithMarked(is_both), all, marked)
    }

    fn join(&mut self, how: Join, a: Set, b: Set) -> Set {
        match (how, a, b) {
            (Join::Both | Join::Marked(_), NONE, _) | (Join::Both | Join::Marked(_), _, NONE) => {
                return NONE;
            }
            (Join::Both | Join::Marked(_), ..) => {}
            (_, NONE, other) | (_, other, NONE) => return other,
            (Join::Union, a, b) if a == b => return a,
            _ => {}
        }
        if let Some(set) = self.joined.get(&(how, a, b)) {
            return *set;
        }
        let (left, right) = (*self.node(a), *self.node(b));
        let mut node = Node {
            end: how.end(left.end, right.end),
            ..Node::default()
        };
        for (next, (a, b)) in node.next.iter_mut().zip(left.next.iter().zip(right.next)) {
            *next = self.join(how, *a, b);
        }
        let set = self.add(node);
        self.joined.insert((how, a, b), set);
        set
    }

    /// Those of so many digits (bit n: n digits).
    pub(super) fn with_lengths(&mut self, set: Set, lengths: u32) -> Set {
        let mut done = HashMap::new();
        self.with_lengths_from(set, lengths, &mut done)
    }

    fn with_lengths_from(
        &mut self,
        set: Set,
        lengths: u32,
        done: &mut HashMap<(Set, u32), Set>,
    ) -> Set {
        if set == NONE || lengths == 0 {
            return NONE;
        }
        if let Some(set) = done.get(&(set, lengths)) {
            return *set;
        }
        let mut node = *self.node(set);
        if lengths & 1 == 0 {
            node.end = End::default();
        }
        for next in &mut node.next {
            *next = self.with_lengths_from(*next, lengths >> 1, done);
        }
        let kept = self.add(node);
        done.insert((set, lengths), kept);
        kept
    }

    /// The numbers of the old set whose new form is in the new one, with this change.
    pub(super) fn marked(&mut self, old: Set, new: Set, mark: &Mark<'_>) -> Set {
        if mark.num_kept > 0 {
            let (old, new) = (self.node(old).next, self.node(new).next);
            let rest = Mark {
                num_kept: mark.num_kept - 1,
                ..*mark
            };
            return self.each_digit(|numbers, digit| {
                if old[digit] == NONE || new[digit] == NONE {
                    return NONE;
                }
                numbers.marked(old[digit], new[digit], &rest)
            });
        }
        let new = mark.inserted.bytes().fold(new, |new, digit| {
            self.node(new).next[usize::from(digit - b'0')]
        });
        self.marked_after(old, new, mark.num_removed, mark.word)
    }

    fn marked_after(&mut self, old: Set, new: Set, num_removed: u32, word: u32) -> Set {
        if num_removed == 0 {
            return self.join(Join::Marked(word), old, new);
        }
        let old = self.node(old).next;
        self.each_digit(|numbers, digit| match old[digit] {
            NONE => NONE,
            old => numbers.marked_after(old, new, num_removed - 1, word),
        })
    }

    fn each_digit(&mut self, mut next: impl FnMut(&mut Self, usize) -> Set) -> Set {
        let mut node = Node::default();
        for digit in 0..10 {
            node.next[digit] = next(self, digit);
        }
        self.add(node)
    }
}
