package candor.bench;

import candor.bench.Operation.Dim;
import candor.model.ModelConfig;
import candor.ops.AdamWStep;
import candor.ops.Batch;
import candor.ops.DropoutRates;
import candor.ops.Heads;
import candor.ops.Lora;
import candor.ops.Write;
import candor.ops.op.AdamW;
import candor.ops.op.Affine;
import candor.ops.op.Attention;
import candor.ops.op.AttentionBackward;
import candor.ops.op.Dropout;
import candor.ops.op.Linear;
import candor.ops.op.LinearBackward;
import candor.ops.op.LogProb;
import candor.ops.op.LogProbBackward;
import candor.ops.op.RmsNorm;
import candor.ops.op.RmsNormBackward;
import candor.ops.op.Rope;
import candor.ops.op.SwiGlu;
import candor.ops.op.SwiGluBackward;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** The operations of a decoder at a model's shapes: N tokens in sequences of T, a LoRA rank of {@value #RANK}. */
final class Operations {
    private static final int RANK = 16;
    private static final double SCALE = 2;

    private final List<Operation> all = new ArrayList<>();
    private final ModelConfig model;
    private final Batch batch;
    private final int length;
    private final DType activations;

    private Operations(ModelConfig model, int tokens, int length, DType activations) {
        this.model = model;
        batch = batch(tokens, length, model.vocabSize());
        this.length = length;
        this.activations = activations;
    }

    /**
     * @param tokens      a multiple of {@code length}
     * @param activations what the backend says of them
     */
    static List<Operation> of(ModelConfig model, int tokens, int length, DType activations) {
        Operations table = new Operations(model, tokens, length, activations);
        table.fill();
        return table.all;
    }

    static Operation named(String name, ModelConfig model, int tokens, int length, DType activations) {
        return of(model, tokens, length, activations).stream()
                .filter(operation -> operation.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no operation " + name));
    }

    private void fill() {
        int c = model.hiddenSize();
        int f = model.intermediateSize();
        Heads heads = model.heads();
        linear("query", c, heads.queryCols());
        linear("gate", c, f);
        linear("down", f, c);
        attention(heads);
        norm(c);
        rope(heads);
        affine(c);
        dropout(c);
        swiGlu(f);
        head(c, model.vocabSize());
        adamW(RANK * (c + f));
    }

    private void add(String name, List<Dim> outputs, List<Dim> inputs, boolean rowWise, Operation.Call call) {
        add(name, outputs, inputs, null, rowWise, call);
    }

    private void add(
            String name, List<Dim> outputs, List<Dim> inputs, Dim weight, boolean rowWise, Operation.Call call) {
        all.add(Operation.of(name, outputs, inputs, weight, rowWise, call, batch, activations));
    }

    private void linear(String name, int i, int o) {
        Dim x = Dim.tokens(i);
        Dim y = Dim.tokens(o);
        Dim t = Dim.tokens(RANK);
        Dim w = Dim.floats(o, i);
        Dim a = Dim.floats(RANK, i);
        Dim b = Dim.floats(o, RANK);
        add(
                "linear." + name,
                List.of(y),
                List.of(x),
                w,
                true,
                (out, in, weight, rows) -> List.of(new Linear(out[0], null, in[0], weight, null, null, null, rows)));
        add(
                "linear." + name + ".lora",
                List.of(y, t),
                List.of(x, a, b),
                w,
                true,
                (out, in, weight, rows) -> List.of(
                        new Linear(out[0], out[1], in[0], weight, null, null, lora(in[1], in[2], null, null), rows)));
        add(
                "linear." + name + ".backward",
                List.of(x),
                List.of(y),
                w,
                true,
                (out, in, weight, rows) ->
                        List.of(new LinearBackward(out[0], null, in[0], null, null, weight, null, rows, Write.SET)));
        add(
                "linear." + name + ".lora.backward",
                List.of(x, a, b),
                List.of(t, y, x, t, a, b), // the first is scratch
                w,
                false,
                (out, in, weight, rows) -> List.of(new LinearBackward(
                        out[0],
                        in[0],
                        in[1],
                        in[2],
                        in[3],
                        weight,
                        lora(in[4], in[5], out[1], out[2]),
                        rows,
                        Write.SET)));
    }

    private static Lora lora(Tensor a, Tensor b, Tensor da, Tensor db) {
        // With a seat, as in training: a device packs the factors once.
        return Lora.on(new Lora.Seat(), null, a.rows(), new Lora.Factors(a, b, (float) SCALE, da, db));
    }

    private void attention(Heads heads) {
        Dim o = Dim.tokens(heads.queryCols());
        Dim lse = Dim.sums(heads.query());
        Dim qkv = Dim.tokens(heads.allCols());
        add(
                "attention",
                List.of(o, lse),
                List.of(qkv),
                true,
                (out, in, weight, rows) -> List.of(new Attention(out[0], out[1], in[0], heads, rows)));
        add(
                "attention.both",
                List.of(qkv, o, lse),
                List.of(o, qkv),
                false,
                (out, in, weight, rows) -> List.of(
                        new Attention(out[1], out[2], in[1], heads, rows),
                        new AttentionBackward(out[0], in[0], in[1], out[1], out[2], heads, rows)));
    }

    private void norm(int c) {
        Dim x = Dim.tokens(c);
        Dim rstd = Dim.sums(1);
        Dim w = Dim.floats(1, c);
        add(
                "rmsNorm",
                List.of(x, rstd),
                List.of(x, w),
                true,
                (out, in, weight, rows) -> List.of(new RmsNorm(out[0], out[1], in[0], in[1], 1e-6f)));
        add(
                "rmsNorm.backward",
                List.of(x),
                List.of(x, x, w, rstd),
                true,
                (out, in, weight, rows) -> List.of(new RmsNormBackward(out[0], in[0], in[1], in[2], in[3], Write.SET)));
    }

    private void rope(Heads heads) {
        Dim x = Dim.tokens(heads.queryCols() + heads.keyCols());
        Dim table = Dim.floats(length, heads.width());
        add(
                "rope",
                List.of(x),
                List.of(table),
                true,
                (out, in, weight, rows) -> List.of(new Rope(out[0], in[0], rows)));
    }

    private void affine(int c) {
        Dim y = Dim.tokens(c);
        Dim row = Dim.floats(1, c);
        add(
                "affine",
                List.of(y),
                List.of(row, row, y),
                true,
                (out, in, weight, rows) -> List.of(new Affine(out[0], in[0], in[1], in[2])));
    }

    private void dropout(int c) {
        Dim x = Dim.tokens(c);
        DropoutRates rates = new DropoutRates(0, 0.1);
        add(
                "dropout",
                List.of(x),
                List.of(x),
                true,
                (out, in, weight, rows) -> List.of(new Dropout(out[0], in[0], rates, rows, Write.SET)));
    }

    private void swiGlu(int f) {
        Dim y = Dim.tokens(f);
        Dim gateUp = Dim.tokens(2 * f);
        add("swiGlu", List.of(y), List.of(gateUp), true, (out, in, weight, rows) -> List.of(new SwiGlu(out[0], in[0])));
        add(
                "swiGlu.backward",
                List.of(gateUp),
                List.of(y, gateUp),
                true,
                (out, in, weight, rows) -> List.of(new SwiGluBackward(out[0], in[0], in[1])));
    }

    private void head(int c, int v) {
        Dim x = Dim.tokens(c);
        Dim one = Dim.sums(1);
        Dim head = Dim.floats(v, c);
        add(
                "logProb",
                List.of(one, one),
                List.of(x),
                head,
                true,
                (out, in, weight, rows) -> List.of(new LogProb(out[0], out[1], null, in[0], weight, rows)));
        add(
                "logProb.both",
                List.of(x, one, one),
                List.of(one, x),
                head,
                true,
                (out, in, weight, rows) -> List.of(
                        new LogProb(out[1], out[2], null, in[1], weight, rows),
                        new LogProbBackward(out[0], in[0], out[2], null, in[1], weight, rows)));
    }

    private void adamW(int parameters) {
        Dim p = Dim.floats(1, parameters);
        AdamWStep step = new AdamWStep(1e-4, 0.9, 0.999, 1e-8, 0.01, 1, 1);
        add(
                "adamW",
                List.of(p, p, p),
                List.of(p),
                false,
                (out, in, weight, rows) -> List.of(new AdamW(out[0], in[0], out[1], out[2], step)));
    }

    /** A batch of {@code tokens} tokens, each with a target, in sequences of {@code length}, all of adapter 0, which may drop. */
    static Batch batch(int tokens, int length, int vocabulary) {
        int sequences = Math.ceilDiv(tokens, length);
        int[] positions = new int[tokens];
        int[] targets = new int[tokens];
        int[] starts = new int[sequences + 1];
        for (int i = 0; i < tokens; i++) {
            positions[i] = i % length;
            targets[i] = i * 31 % vocabulary;
            starts[i / length + 1] = i + 1;
        }
        return new Batch(new int[tokens], positions, targets, starts, new int[sequences]).dropping(new long[sequences]);
    }
}
