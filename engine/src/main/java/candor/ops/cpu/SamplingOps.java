package candor.ops.cpu;

import static candor.ops.cpu.TileShape.FLOAT;

import candor.ops.TokenDraw;
import candor.ops.op.SampleTokens;
import java.lang.foreign.MemorySegment;

/** Sampling; threads share the rows. */
final class SamplingOps {
    private final Workers workers;
    private final Parallel.Task task = this::row;
    private final TokenSampler[] samplers;

    // The operation in hand.
    private SampleTokens job;

    SamplingOps(Workers workers) {
        this.workers = workers;
        samplers = new TokenSampler[workers.threads()];
    }

    void run(SampleTokens op) {
        job = op;
        workers.run(op.rows(), task);
    }

    private void row(int row, int worker) {
        TokenDraw draw = job.draws().get(row);
        int token = SampleTokens.NO_TOKEN;
        MemorySegment from = job.logits().data();
        long start = job.logits().offset(row, 0);
        if (draw.wanted()) {
            int n = job.logits().cols();
            float[] logits = workers.floats(worker, n);
            MemorySegment.copy(from, FLOAT, start, logits, 0, n);
            if (draw.penalty() != 1) {
                penalise(logits, draw, from, start);
            }
            if (samplers[worker] == null) {
                samplers[worker] = new TokenSampler();
            }
            token = samplers[worker].choose(logits, n, draw);
        }
        long to = job.chosen().offset(row, 0);
        job.chosen().data().set(FLOAT, to, token);
        job.chosen()
                .data()
                .set(FLOAT, to + Float.BYTES, token < 0 ? 0 : from.get(FLOAT, start + (long) Float.BYTES * token));
    }

    private static void penalise(float[] logits, TokenDraw draw, MemorySegment from, long start) {
        for (int i = 0; i < draw.seenCount(); i++) {
            int token = draw.seen()[i];
            float logit =
                    from.get(FLOAT, start + (long) Float.BYTES * token); // once, however often the token was there
            logits[token] = logit > 0 ? logit / draw.penalty() : logit * draw.penalty();
        }
    }
}
