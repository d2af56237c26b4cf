package candor.check;

import static candor.check.Shape.matrix;
import static candor.check.Shape.tokens;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.KvPages;
import candor.ops.PageTables;
import candor.ops.op.AttentionCached;
import candor.ops.op.CacheWrite;
import java.util.Arrays;
import java.util.stream.Stream;

/**
 * Attention to keys and values in pages, whole and in windows, and the writing of them. Elements of pages that nobody may read are
 * NaN.
 */
final class CacheCases {
    private static final int SLAB_PAGES = 3;

    /**
     * @param first   position of each sequence's first row: so many tokens are in the cache already
     * @param lengths rows of each sequence
     * @param shared  pages that all sequences have in common; they are whole, and before any sequence's first row
     */
    private record Spec(Heads heads, int[] first, int[] lengths, int shared) {
        /** The tokens say which sequence it is, so that a part of the batch finds its own pages. */
        Batch batch() {
            int[] starts = new int[lengths.length + 1];
            for (int s = 0; s < lengths.length; s++) {
                starts[s + 1] = starts[s] + lengths[s];
            }
            int count = starts[lengths.length];
            int[] tokens = new int[count];
            int[] positions = new int[count];
            for (int s = 0; s < lengths.length; s++) {
                for (int row = starts[s]; row < starts[s + 1]; row++) {
                    tokens[row] = s;
                    positions[row] = first[s] + row - starts[s];
                }
            }
            int[] targets = new int[count];
            Arrays.fill(targets, Batch.NO_TARGET);
            return new Batch(tokens, positions, targets, starts, Packed.bare(lengths.length));
        }

        int pages(int sequence) {
            return KvPages.count(first[sequence] + lengths[sequence]);
        }

        int slabs() {
            int pages = shared;
            for (int s = 0; s < lengths.length; s++) {
                pages += pages(s) - shared;
            }
            return Math.ceilDiv(pages, SLAB_PAGES);
        }

        /** Page i of sequence s: the shared ones first, then each sequence's own, the last sequence's in front. */
        int page(int sequence, int index) {
            if (index < shared) {
                return index;
            }
            int page = index;
            for (int s = sequence + 1; s < lengths.length; s++) {
                page += pages(s) - shared;
            }
            return page;
        }

        PageTables tables(Batch batch) {
            int[][] tables = new int[batch.sequenceCount()][];
            for (int s = 0; s < tables.length; s++) {
                int sequence = batch.token(batch.start(s));
                tables[s] = new int[pages(sequence)];
                Arrays.setAll(tables[s], index -> page(sequence, index));
            }
            return new PageTables(tables);
        }

        KvPages cache(Values values) {
            KvPages cache = new KvPages(heads, SLAB_PAGES);
            for (int slab = 0; slab < slabs(); slab++) {
                cache.add(values.at(name(slab)));
            }
            return cache;
        }

        String text() {
            return "H=%d K=%d D=%d%s at %s N=%s%s"
                    .formatted(
                            heads.query(),
                            heads.key(),
                            heads.width(),
                            heads.window() == 0 ? "" : " W=" + heads.window(),
                            Arrays.toString(first),
                            Arrays.toString(lengths),
                            shared == 0 ? "" : " shared pages: " + shared);
        }
    }

    private static Stream<Spec> specs() {
        return Stream.of(
                spec(new Heads(1, 1, 8), 0, at(0), rows(1)),
                spec(new Heads(2, 1, 16), 0, at(0, 0), rows(7, 1)),
                spec(new Heads(4, 2, 32), 0, at(30, 31, 32, 0), rows(1, 1, 1, 1)),
                spec(new Heads(3, 1, 64), 0, at(70, 5), rows(1, 1)),
                spec(new Heads(7, 1, 64), 0, at(31), rows(3)),
                spec(new Heads(6, 2, 96), 1, at(32, 40), rows(33, 1)),
                spec(new Heads(2, 1, 128), 2, at(64, 77, 64), rows(2, 1, 31)),
                spec(new Heads(14, 2, 16), 1, at(33, 32), rows(1, 7)),
                spec(new Heads(3, 3, 40), 0, at(63, 1), rows(1, 66)),
                spec(new Heads(6, 3, 32), 0, at(0, 113), rows(113, 1)),
                spec(new Heads(2, 1, 16, 1), 0, at(0, 31, 70), rows(9, 1, 3)),
                spec(new Heads(4, 2, 40, 7), 1, at(32, 66, 95), rows(33, 1, 2)),
                spec(new Heads(3, 1, 64, 32), 0, at(31, 63, 5), rows(1, 34, 70)),
                spec(new Heads(6, 3, 8, 45), 0, at(0, 300), rows(113, 1)),
                spec(new Heads(2, 2, 16, 270), 0, at(290), rows(40)),
                spec(new Heads(2, 1, 64, 200), 1, at(40, 33), rows(5, 1)));
    }

    private static Spec spec(Heads heads, int shared, int[] first, int[] lengths) {
        return new Spec(heads, first, lengths, shared);
    }

    private static int[] at(int... positions) {
        return positions;
    }

    private static int[] rows(int... counts) {
        return counts;
    }

    private CacheCases() {}

    private static String name(int slab) {
        return "slab" + slab;
    }

    static Stream<Case> write() {
        return specs().map(spec -> {
            Batch batch = spec.batch();
            Case.Builder c = Case.of("cacheWrite", spec.text(), batch).exact();
            for (int slab = 0; slab < spec.slabs(); slab++) {
                c.out(name(slab), matrix(SLAB_PAGES, KvPages.cols(spec.heads())));
            }
            Shape rows = tokens(batch, spec.heads().allCols());
            return c.in("qkv", rows, c.normal(rows))
                    .call((v, b) -> new CacheWrite(spec.cache(v), v.at("qkv"), b, spec.tables(b)));
        });
    }

    static Stream<Case> attention() {
        return specs().map(spec -> {
            Batch batch = spec.batch();
            Heads heads = spec.heads();
            Case.Builder c = Case.of("attentionCached", spec.text(), batch);
            c.out("o", tokens(batch, heads.queryCols()));
            Shape rows = tokens(batch, heads.allCols());
            double[] qkv = c.normal(rows);
            for (int i = 0; i < qkv.length; i++) {
                // Keys and values of the batch itself are in the cache already.
                qkv[i] = i % heads.allCols() < heads.queryCols() ? qkv[i] : Double.NaN;
            }
            c.in("qkv", rows, qkv);
            Shape shape = matrix(SLAB_PAGES, KvPages.cols(heads));
            for (int slab = 0; slab < spec.slabs(); slab++) {
                c.in(name(slab), shape, filled(spec, slab, c.normal(shape)));
            }
            return c.call((v, b) -> new AttentionCached(v.at("o"), v.at("qkv"), spec.cache(v), b, spec.tables(b)));
        });
    }

    /** Numbers where some sequence has a token that its rows attend to, NaN elsewhere. */
    private static double[] filled(Spec spec, int slab, double[] normal) {
        double[] values = new double[normal.length];
        Arrays.fill(values, Double.NaN);
        int cols = KvPages.cols(spec.heads());
        for (int s = 0; s < spec.lengths().length; s++) {
            int end = spec.first()[s] + spec.lengths()[s];
            for (int position = spec.heads().first(spec.first()[s]); position < end; position++) {
                int row = spec.page(s, position / KvPages.TOKENS) - slab * SLAB_PAGES;
                if (row >= 0 && row < SLAB_PAGES) {
                    copyToken(spec.heads(), values, normal, row * cols, position % KvPages.TOKENS);
                }
            }
        }
        return values;
    }

    private static void copyToken(Heads heads, double[] to, double[] from, int page, int token) {
        for (int head = 0; head < heads.key(); head++) {
            for (int d = 0; d < heads.width(); d++) {
                int key = page + KvPages.keyCol(heads, head, token) + d * KvPages.TOKENS;
                int value = page + KvPages.valueCol(heads, head, token) + d;
                to[key] = from[key];
                to[value] = from[value];
            }
        }
    }
}
