//! JSON types and the API description.
