package candor.ops.cuda;

/**
 * What became of the sections of a backend's work.
 *
 * @param captured graphs made
 * @param replayed sections that were one launch of a graph, the launch behind a capture included
 * @param plain    sections of which each call was issued by itself
 */
public record GraphUse(long captured, long replayed, long plain) {}
