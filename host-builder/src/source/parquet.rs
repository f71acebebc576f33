//! Parquet files -> the values of one column.
