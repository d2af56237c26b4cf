package candor.check;

import static candor.check.Shape.tokens;

import candor.ops.Batch;
import candor.ops.Heads;
import candor.ops.op.Attention;
import candor.ops.op.AttentionBackward;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Causal attention over packed sequences, over all of them and in windows. */
final class AttentionCases {
    /** @param size of queries and keys; scores are about its square: at 8 they leave exp's range, at 0 they are all the same */
    private record Spec(Heads heads, double size, int... lengths) {
        Batch batch() {
            return Packed.sequences(lengths);
        }

        String text() {
            return "N=%d S=%d H=%d K=%d D=%d%s%s"
                    .formatted(
                            batch().tokenCount(),
                            lengths.length,
                            heads.query(),
                            heads.key(),
                            heads.width(),
                            heads.window() == 0 ? "" : " W=" + heads.window(),
                            size == 1 ? "" : " qk~" + size);
        }
    }

    private static final List<Spec> SPECS = List.of(
            new Spec(new Heads(1, 1, 8), 1, 1),
            new Spec(new Heads(2, 2, 16), 1, 2),
            new Spec(new Heads(2, 1, 32), 1, 7, 1, 3),
            new Spec(new Heads(3, 1, 64), 1, 5, 31, 1),
            new Spec(new Heads(7, 1, 64), 1, 33),
            new Spec(new Heads(14, 2, 16), 1, 4, 9),
            new Spec(new Heads(6, 2, 96), 1, 17, 1),
            new Spec(new Heads(2, 1, 128), 1, 31, 2),
            new Spec(new Heads(4, 2, 64), 1, 77, 33),
            new Spec(new Heads(2, 1, 64), 8, 33, 7),
            new Spec(new Heads(2, 2, 8), 0, 13, 1),
            new Spec(new Heads(6, 3, 32), 1, 113, 66),
            // A window of one token, of a few, of a block of rows and around it, of more than a piece of keys; as long
            // as the longest sequence, and longer. At a width of 128, over several of a GPU's blocks of rows and of
            // keys.
            new Spec(new Heads(2, 1, 16, 1), 1, 5, 1, 37),
            new Spec(new Heads(3, 1, 40, 3), 1, 2, 33, 70),
            new Spec(new Heads(4, 2, 64, 17), 1, 77, 33),
            new Spec(new Heads(2, 1, 8, 32), 1, 131),
            new Spec(new Heads(1, 1, 24, 33), 1, 290),
            new Spec(new Heads(2, 2, 16, 261), 1, 300, 7),
            new Spec(new Heads(7, 1, 64, 41), 1, 41, 19),
            new Spec(new Heads(2, 1, 64, 9), 8, 33, 7),
            new Spec(new Heads(2, 1, 32, 500), 1, 40),
            new Spec(new Heads(2, 1, 128, 70), 1, 201, 3),
            new Spec(new Heads(1, 1, 128, 33), 1, 290));

    private AttentionCases() {}

    static Stream<Case> forward() {
        return SPECS.stream().map(AttentionCases::forward);
    }

    private static Case forward(Spec spec) {
        Batch batch = spec.batch();
        Heads heads = spec.heads();
        Case.Builder c = Case.of("attention", spec.text(), batch);
        Shape rows = tokens(batch, heads.allCols());
        double[] qkv = c.normal(rows);
        for (int i = 0; i < qkv.length; i++) {
            boolean value = i % heads.allCols() >= heads.queryCols() + heads.keyCols();
            qkv[i] *= value ? 1 : spec.size();
        }
        // The error of a logarithm counts absolutely: it is the relative error of what the logarithm is of.
        return c.out("o", tokens(batch, heads.queryCols()))
                .out("lse", tokens(batch, heads.query()), 1)
                .in("qkv", rows, qkv)
                .float32("lse")
                .call((v, b) -> new Attention(v.at("o"), v.at("lse"), v.at("qkv"), heads, b));
    }

    static Stream<Case> backward() {
        return SPECS.stream().map(spec -> {
            Batch batch = spec.batch();
            Heads heads = spec.heads();
            Case forward = forward(spec);
            Map<String, double[]> truth = forward.truth();
            Case.Builder c = Case.of("attentionBackward", spec.text(), batch);
            Shape rows = tokens(batch, heads.allCols());
            Shape out = tokens(batch, heads.queryCols());
            return c.out("dqkv", rows)
                    .in("dout", out, c.normal(out))
                    .in("qkv", rows, forward.arg("qkv").values())
                    .in("o", out, truth.get("o"))
                    .in("lse", tokens(batch, heads.query()), truth.get("lse"))
                    .float32("lse")
                    .call((v, b) -> new AttentionBackward(
                            v.at("dqkv"), v.at("dout"), v.at("qkv"), v.at("o"), v.at("lse"), heads, b));
        });
    }
}
