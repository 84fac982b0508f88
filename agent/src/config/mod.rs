//! Settings: fragments, merged, validated.
