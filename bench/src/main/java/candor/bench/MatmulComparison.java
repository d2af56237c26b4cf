package candor.bench;

import candor.model.ModelConfig;
import candor.ops.Backend;
import candor.ops.Backends;
import candor.ops.Batch;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A frozen layer's product beside PyTorch's own matmul, in turns: {@code MatmulComparison MODEL query|gate|down ROWS THREADS
 * ROUNDS [PYTHON SCRIPT]}, with the script {@code bench/peers/matmul.py}.
 */
public final class MatmulComparison {
    private static final int WARM_UP = 8;

    /** A turn is so much work, that it takes some tenths of a second. */
    private static final double TURN_FLOPS = 4e10;

    private MatmulComparison() {}

    /** Runs it. */
    public static void main(String[] args) throws IOException {
        ModelConfig model = Shapes.named(args[0]);
        int inner = args[1].equals("down") ? model.intermediateSize() : model.hiddenSize();
        int outer =
                switch (args[1]) {
                    case "query" -> model.heads().queryCols();
                    case "gate" -> model.intermediateSize();
                    case "down" -> model.hiddenSize();
                    default -> throw new IllegalArgumentException(args[1] + ": not one of query, gate, down");
                };
        int rows = Integer.parseInt(args[2]);
        int threads = Integer.parseInt(args[3]);
        double flops = 2.0 * rows * inner * outer;
        int repeats = (int) Math.max(1, TURN_FLOPS / flops);
        try (Backend ops = Backends.open("cpu", threads);
                Peer peer = args.length > 5 ? peer(args, inner, outer, repeats) : null) {
            Tensor x = uniform(ops, rows, inner);
            Tensor w = ops.resident(uniform(ops, outer, inner));
            Tensor y = ops.allocate(DType.F32, rows, outer);
            Batch batch = Operations.batch(rows, rows, 1 << 20);
            Turns turns = new Turns();
            turns.take(
                    () -> {
                        for (int i = 0; i < repeats; i++) {
                            ops.linear(y, null, x, w, null, null, null, batch);
                        }
                        check(y, x, w);
                    },
                    peer,
                    repeats * flops / 1e9,
                    WARM_UP,
                    Integer.parseInt(args[4]));
            turns.print("GFLOP", "PyTorch", peer);
        }
    }

    private static Tensor uniform(Backend ops, int rows, int cols) {
        SplittableRandom random = new SplittableRandom(cols);
        float[] values = new float[rows * cols];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble();
        }
        Tensor tensor = ops.allocate(DType.F32, rows, cols);
        ops.upload(tensor, values);
        return tensor;
    }

    /** The last element, against a sum in double precision. */
    private static void check(Tensor y, Tensor x, Tensor w) {
        double sum = 0;
        for (int p = 0; p < x.cols(); p++) {
            sum += x.get(x.rows() - 1, p) * w.get(w.rows() - 1, p);
        }
        double got = y.get(y.rows() - 1, y.cols() - 1);
        if (!(Math.abs(got - sum) <= 1e-4 * sum)) {
            throw new IllegalStateException("the last element is " + got + ", not " + sum);
        }
    }

    private static Peer peer(String[] args, int inner, int outer, int repeats) throws IOException {
        String[] own = {
            "--rows",
            args[2],
            "--threads",
            args[3],
            "--inner",
            "" + inner,
            "--outer",
            "" + outer,
            "--repeats",
            "" + repeats
        };
        List<String> command = new ArrayList<>(List.of(args[5], args[6]));
        command.addAll(Arrays.asList(own));
        return new Peer(command);
    }
}
