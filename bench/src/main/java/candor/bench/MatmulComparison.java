package candor.bench;

import candor.BadInput;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.weight.FrozenWeight;
import candor.ops.weight.StoredWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Frozen layers' products beside PyTorch's own matmul, in turns: {@code MatmulComparison SHAPE[,…] LAYER[,…]|all ROWS THREADS
 * ROUNDS [DTYPE] [PYTHON SCRIPT]}, with the script {@code bench/peers/matmul.py}; layers are query, gate, down and head. Several products
 * come one after the other, each with a backend and a peer of its own, and with a table at the end.
 */
public final class MatmulComparison {
    private static final int WARM_UP = 8;

    /** A turn is so much work, that it takes some tenths of a second. */
    private static final double TURN_FLOPS = 4e10;

    private final int threads;
    private final int rounds;

    private final Against against;

    private MatmulComparison(int threads, int rounds, Against against) {
        this.threads = threads;
        this.rounds = rounds;
        this.against = against;
    }

    /** Runs it; bad input ends with one line and 2. */
    public static void main(String[] args) throws IOException {
        try {
            if (args.length < 5) {
                throw new BadInput(
                        "MatmulComparison: give SHAPE[,…] LAYER[,…]|all ROWS THREADS ROUNDS [DTYPE] [PYTHON SCRIPT]");
            }
            List<Product> products = Product.of(args[0], args[1], number("ROWS", args[2]));
            int threads = number("THREADS", args[3]);
            int rounds = number("ROUNDS", args[4]);
            new MatmulComparison(threads, rounds, Against.of(args, 5)).run(products);
        } catch (BadInput e) {
            System.err.println("error: " + e.getMessage());
            System.exit(2);
        }
    }

    private static int number(String what, String text) {
        if (!text.matches("[1-9][0-9]{0,8}")) {
            throw new BadInput(what + " " + text + ": give a whole number, 1 or more");
        }
        return Integer.parseInt(text);
    }

    private void run(List<Product> products) throws IOException {
        if (products.size() == 1) {
            measure(products.getFirst());
            return;
        }
        MarkdownTable table = new MarkdownTable(
                "shape", "layer", "rows × inner × outer", "ours, GFLOP/s", "PyTorch, GFLOP/s", "ratio");
        for (Product product : products) {
            System.out.println(product.shape() + " " + product.layer() + ", " + product.size());
            Turns turns = measure(product);
            table.add(
                    product.shape(),
                    product.layer(),
                    product.size(),
                    Numbers.show(turns.ours()),
                    Numbers.show(turns.theirs()),
                    turns.ratio());
        }
        System.out.print("\n" + table);
    }

    /** The backend goes with the product, and its memory with it: a head has gigabytes of weights, and of panels as many. */
    private Turns measure(Product product) throws IOException {
        int repeats = (int) Math.max(1, TURN_FLOPS / product.flops());
        try (Backend ops = against.open(threads);
                Peer other = against.start(options(product, repeats))) {
            Tensor x = uniform(ops, product.rows(), product.inner());
            Tensor values = uniform(ops, product.outer(), product.inner());
            FrozenWeight w = ops.freeze(StoredWeight.of(values));
            Tensor y = ops.allocate(DType.F32, product.rows(), product.outer());
            Batch batch = Operations.batch(product.rows(), product.rows(), 1 << 20);
            Turns turns = new Turns();
            turns.take(
                    () -> {
                        for (int i = 0; i < repeats; i++) {
                            ops.linear(y, null, x, w, null, null, null, batch);
                        }
                        check(y, x, values);
                    },
                    other,
                    repeats * product.flops() / 1e9,
                    WARM_UP,
                    rounds);
            turns.print("GFLOP", "PyTorch", other);
            return turns;
        }
    }

    /** Row by row, so that an array of all values never stands beside the tensor. */
    private static Tensor uniform(Backend ops, int rows, int cols) {
        SplittableRandom random = new SplittableRandom(cols);
        Tensor tensor = ops.allocate(DType.F32, rows, cols);
        float[] values = new float[cols];
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < cols; i++) {
                values[i] = (float) random.nextDouble();
            }
            ops.upload(tensor.rows(row, row + 1), values);
        }
        return tensor;
    }

    /** The last element, against a sum in double precision. */
    private void check(Tensor y, Tensor x, Tensor w) {
        double sum = 0;
        for (int p = 0; p < x.cols(); p++) {
            sum += x.get(x.rows() - 1, p) * w.get(w.rows() - 1, p);
        }
        double got = y.get(y.rows() - 1, y.cols() - 1);
        if (!(Math.abs(got - sum) <= against.tolerance() * sum)) {
            throw new IllegalStateException("the last element is " + got + ", not " + sum);
        }
    }

    private List<String> options(Product product, int repeats) {
        return List.of(
                "--rows",
                "" + product.rows(),
                "--threads",
                "" + threads,
                "--inner",
                "" + product.inner(),
                "--outer",
                "" + product.outer(),
                "--repeats",
                "" + repeats);
    }
}
