package candor.ops;

/**
 * Where each sequence of a batch keeps its keys and values: page i of a sequence holds its positions P·i to P·(i + 1) − 1,
 * with P = {@link KvPages#TOKENS}. Sequences may share pages that all of them only read.
 */
public final class PageTables {
    private final int[][] pages;

    /** @param pages for each sequence its pages, in order; an array may be longer than its sequence needs */
    public PageTables(int[]... pages) {
        this.pages = pages;
    }

    /** The tables of the sequences of {@code rows}, which is {@link Batch#onlyTargets} of {@code batch}. */
    public PageTables of(Batch batch, Batch rows) {
        int[][] part = new int[rows.sequenceCount()][];
        for (int s = 0; s < part.length; s++) {
            part[s] = pages[batch.targetSequence(rows.start(s))];
        }
        return new PageTables(part);
    }

    /** How many sequences there are. */
    public int sequences() {
        return pages.length;
    }

    /** How many pages a sequence has, at most. */
    public int count(int sequence) {
        return pages[sequence].length;
    }

    /** The number of a sequence's page in {@link KvPages}. */
    public int page(int sequence, int index) {
        return pages[sequence][index];
    }
}
