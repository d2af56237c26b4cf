package candor.ops.cuda;

import candor.ops.op.Accumulate;
import candor.ops.op.AdamW;
import candor.ops.op.AdamW8bit;
import candor.ops.op.Affine;
import candor.ops.op.Attention;
import candor.ops.op.AttentionBackward;
import candor.ops.op.AttentionCached;
import candor.ops.op.CacheWrite;
import candor.ops.op.Dropout;
import candor.ops.op.Embed;
import candor.ops.op.EmbedBackward;
import candor.ops.op.GatherTargets;
import candor.ops.op.GeGlu;
import candor.ops.op.GeGluBackward;
import candor.ops.op.Linear;
import candor.ops.op.LinearBackward;
import candor.ops.op.LinearBiasGradient;
import candor.ops.op.LinearWeightGradient;
import candor.ops.op.Linears;
import candor.ops.op.LinearsBackward;
import candor.ops.op.LogProb;
import candor.ops.op.LogProbBackward;
import candor.ops.op.LogProbHeadGradient;
import candor.ops.op.Logits;
import candor.ops.op.Op;
import candor.ops.op.RmsNorm;
import candor.ops.op.RmsNormBackward;
import candor.ops.op.RmsNormWeightGradient;
import candor.ops.op.Rope;
import candor.ops.op.RopeBackward;
import candor.ops.op.SampleTokens;
import candor.ops.op.ScatterTargets;
import candor.ops.op.SumOfSquares;
import candor.ops.op.SwiGlu;
import candor.ops.op.SwiGluBackward;
import candor.ops.op.Zero;
import candor.tensor.Tensor;
import java.util.List;
import java.util.function.Consumer;

/** What operations write that outlives a pass, or may: float32. Activations are bf16, and no parameter of an adapter is. */
final class Written {
    private Written() {}

    /** Names each tensor of float32 that an operation writes to; null among them stands for none. */
    static void by(Op op, Consumer<Tensor> to) {
        switch (op) {
            case AdamW o -> List.of(o.w(), o.m(), o.v()).forEach(to);
            case AdamW8bit o -> List.of(o.w(), o.m().largest(), o.v().largest()).forEach(to);
            case Zero o -> to.accept(o.y());
            case Accumulate o -> to.accept(o.y());
            case SampleTokens o -> to.accept(o.chosen());
            case RmsNorm o -> to.accept(o.rstd());
            case Attention o -> to.accept(o.lse());
            case Logits o -> to.accept(o.logits());
            case LogProb o -> {
                to.accept(o.logp());
                to.accept(o.lse());
                to.accept(o.logits());
            }
            case LogProbBackward o -> to.accept(o.logits());
            case LinearBackward o -> gradients(o, to);
            case LinearsBackward o -> {
                for (int i = 0; i < o.parts().size(); i++) {
                    gradients(o.linear(i), to);
                }
            }
            case LinearWeightGradient o -> to.accept(o.dw());
            case LinearBiasGradient o -> to.accept(o.db());
            case RmsNormWeightGradient o -> to.accept(o.dw());
            case EmbedBackward o -> to.accept(o.dTable());
            case LogProbHeadGradient o -> to.accept(o.dHead());
            case Embed _,
                    RmsNormBackward _,
                    Rope _,
                    RopeBackward _,
                    Dropout _,
                    Linear _,
                    Linears _,
                    Affine _,
                    AttentionBackward _,
                    CacheWrite _,
                    AttentionCached _,
                    SwiGlu _,
                    SwiGluBackward _,
                    GeGlu _,
                    GeGluBackward _,
                    GatherTargets _,
                    ScatterTargets _,
                    SumOfSquares _ -> {}
        }
    }

    private static void gradients(LinearBackward o, Consumer<Tensor> to) {
        if (o.lora() == null) {
            return;
        }
        o.batch().runs().forEach(run -> {
            if (o.lora().at(run.slot()) != null) {
                to.accept(o.lora().at(run.slot()).da());
                to.accept(o.lora().at(run.slot()).db());
            }
        });
    }
}
