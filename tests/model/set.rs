//! A set of nodes.

use crate::world::Id;

/// One bit a node.
#[derive(Clone, Copy, Default, Eq, Hash, PartialEq)]
pub(crate) struct Set(u8);

impl Set {
    pub(crate) fn has(self, id: Id) -> bool {
        self.0 & (1 << id) != 0
    }

    pub(crate) fn with(self, id: Id) -> Self {
        Self(self.0 | (1 << id))
    }

    pub(crate) fn without(self, id: Id) -> Self {
        Self(self.0 & !(1 << id))
    }

    pub(crate) fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Id> {
        (0..8).filter(move |id| self.has(*id))
    }
}

impl FromIterator<Id> for Set {
    fn from_iter<T: IntoIterator<Item = Id>>(ids: T) -> Self {
        ids.into_iter().fold(Self::default(), Self::with)
    }
}

impl std::fmt::Debug for Set {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
