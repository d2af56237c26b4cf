package candor.ops.op;

import candor.ops.TokenDraw;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.List;

/**
 * Chooses a token for each row of logits.
 *
 * <p>A token's weight is exp((logit − largest) / temperature), behind the penalty. Where top-k or top-p bound the tokens, they stand
 * by falling logit, equal ones by rising token; else by token. The first k remain, and of these as many as are needed for top-p of
 * their weight (Holtzman et al. 2020). The token is the first whose weight, added to those before it, is more than the random number
 * times the sum.
 *
 * <p>So that this is one token whatever the order of sums, weights are whole numbers: 2ᴮ times the exponential, to nearest. B is 44,
 * or less where the sum of V such weights could reach 2⁶². What lies below half a unit, some 10⁻¹⁴ of the likeliest token, is never
 * chosen.
 *
 * @param chosen (T, 2) =, a row's token, which float32 holds exactly, and its logit, before the penalty; −1 and 0 where none is
 *               wanted, or where the largest logit is no finite number: NaN or +∞ is among them, or nothing but −∞
 * @param logits (T, V)
 * @param draws  T of them
 */
public record SampleTokens(Tensor chosen, Tensor logits, List<TokenDraw> draws) implements Op {
    /** Above it, float32 does not hold every number of a token. */
    private static final int MOST_TOKENS = 1 << 24;

    /** Instead of a token. */
    public static final int NO_TOKEN = -1;

    @Override
    public String name() {
        return "sampleTokens";
    }

    @Override
    public void check(DType activations) {
        Operands.f32(name(), logits);
        Operands.shape(name(), DType.F32, chosen, logits.rows(), 2);
        Operands.require(draws.size() == logits.rows() && logits.cols() >= 1, name(), chosen, logits);
        if (logits.cols() > MOST_TOKENS) {
            throw new IllegalArgumentException(name() + ": a vocabulary of " + logits.cols());
        }
        for (TokenDraw draw : draws) {
            for (int i = 0; draw.penalty() != 1 && i < draw.seenCount(); i++) {
                if (draw.seen()[i] < 0 || draw.seen()[i] >= logits.cols()) {
                    throw new IllegalArgumentException(
                            name() + ": token " + draw.seen()[i] + " of a vocabulary of " + logits.cols());
                }
            }
        }
    }

    @Override
    public int rows() {
        return logits.rows();
    }

    @Override
    public long bytes() {
        return Operands.bytes(chosen, logits);
    }
}
