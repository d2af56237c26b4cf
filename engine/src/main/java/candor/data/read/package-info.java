/**
 * Rows of data files, read as a stream: JSONL, a JSON array, CSV and Parquet, one file after another, also through gzip and
 * zstd.
 *
 * <p>A {@link candor.data.read.RowReader} keeps one row in memory at a time, so the size of a file does not matter. Every
 * row knows its {@link candor.data.read.Origin}. A row that cannot be read is a value ({@link
 * candor.data.read.Entry.Bad}), for the caller decides whether it ends the run or is counted; a file that cannot be
 * read is a {@link candor.BadInput}.
 */
package candor.data.read;
