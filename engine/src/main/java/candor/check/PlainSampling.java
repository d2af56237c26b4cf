package candor.check;

import candor.ops.TokenDraw;
import candor.ops.op.SampleTokens;
import candor.tensor.Tensor;
import java.util.Comparator;
import java.util.stream.IntStream;

/** {@link SampleTokens} by sorting everything, weights and sums in float64, from one end to the other. */
final class PlainSampling {
    private PlainSampling() {}

    static void run(SampleTokens op) {
        for (int row = 0; row < op.rows(); row++) {
            int token = token(op.logits(), row, op.draws().get(row));
            op.chosen().set(row, 0, token);
            op.chosen().set(row, 1, token < 0 ? 0 : op.logits().get(row, token));
        }
    }

    private static int token(Tensor from, int row, TokenDraw draw) {
        if (!draw.wanted()) {
            return SampleTokens.NO_TOKEN;
        }
        // A logit behind the penalty is a float32: which of two is larger may depend on its rounding.
        float[] logits = Floats.row(from, row);
        float[] plain = logits.clone();
        for (int i = 0; i < draw.seenCount() && draw.penalty() != 1; i++) {
            int token = draw.seen()[i];
            logits[token] = plain[token] > 0 ? plain[token] / draw.penalty() : plain[token] * draw.penalty();
        }
        float largest = Float.NEGATIVE_INFINITY;
        for (float logit : logits) {
            largest = Math.max(largest, logit);
        }
        if (!Float.isFinite(largest)) {
            return SampleTokens.NO_TOKEN;
        }
        boolean bounded = draw.likeliest() || draw.topK() > 0 || draw.topP() < 1;
        int[] order = IntStream.range(0, logits.length).toArray();
        if (bounded) {
            order = IntStream.of(order)
                    .boxed()
                    .sorted(Comparator.comparingDouble((Integer v) -> -(logits[v] + 0f))) // −0 is 0; the sort is stable
                    .mapToInt(Integer::intValue)
                    .limit(draw.likeliest() ? 1 : draw.topK() == 0 ? logits.length : draw.topK())
                    .toArray();
        }
        double[] weights = new double[order.length];
        double sum = 0;
        for (int i = 0; i < order.length; i++) {
            weights[i] = draw.likeliest() ? 1 : Math.exp(((double) logits[order[i]] - largest) / draw.temperature());
            sum += weights[i];
        }
        int kept = order.length;
        if (draw.topP() < 1) {
            double wanted = sum * draw.topP();
            sum = 0;
            kept = 0;
            while (kept < order.length && (kept == 0 || sum < wanted)) {
                sum += weights[kept++];
            }
        }
        double left = draw.uniform() * sum;
        int last = 0;
        for (int i = 0; i < kept; i++) {
            if (weights[i] > 0) {
                last = order[i];
                left -= weights[i];
                if (left < 0) {
                    break;
                }
            }
        }
        return last;
    }
}
