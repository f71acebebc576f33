//! What a text is.

use leaksieve_core::IdentifierKind;

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
#[repr(i32)]
pub enum Kind {
    /// A telephone number.
    Phone = 1,
    /// An e-mail address.
    Email = 2,
    /// A login or display name.
    Username = 3,
    /// A number or code that an authority or a service gave to a person.
    Id = 4,
    /// A password as it is typed.
    Password = 5,
    /// The SHA-1 of a password, 40 hexadecimal digits.
    Sha1 = 6,
    /// The NTLM hash of a password, 32 hexadecimal digits.
    Ntlm = 7,
}

impl From<Kind> for IdentifierKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Phone => Self::Phone,
            Kind::Email => Self::Email,
            Kind::Username => Self::Username,
            Kind::Id => Self::Id,
            Kind::Password => Self::Password,
            Kind::Sha1 => Self::Sha1,
            Kind::Ntlm => Self::Ntlm,
        }
    }
}

impl From<IdentifierKind> for Kind {
    fn from(kind: IdentifierKind) -> Self {
        match kind {
            IdentifierKind::Phone => Self::Phone,
            IdentifierKind::Email => Self::Email,
            IdentifierKind::Username => Self::Username,
            IdentifierKind::Password => Self::Password,
            IdentifierKind::Sha1 => Self::Sha1,
            IdentifierKind::Ntlm => Self::Ntlm,
            // Also what a newer core knows; a dataset of it was not opened.
            _ => Self::Id,
        }
    }
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Phone,
        Self::Email,
        Self::Username,
        Self::Id,
        Self::Password,
        Self::Sha1,
        Self::Ntlm,
    ];
}
