package candor.foresee;

import candor.data.EncodedRow;
import candor.generate.Completion;
import candor.generate.Generator;
import candor.generate.Request;
import candor.model.CausalLm;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.function.BooleanSupplier;

/** What the model itself would say where a row has its reply: greedily, as it is before any tuning. */
final class OwnReplies {
    /** How much longer than the row's own a reply may become. */
    private static final int MORE_TOKENS = 16;

    private OwnReplies() {}

    /** Tokens that a row with the model's own reply may have, at most. */
    static int longest(EncodedRow last, int positions) {
        return Math.min(positions, last.promptLength() + most(last));
    }

    private static int most(EncodedRow last) {
        return 2 * (last.length() - last.promptLength()) + MORE_TOKENS;
    }

    /**
     * The same prompts with the model's own replies; null where it was stopped.
     *
     * @param rows      see {@link LastReply}
     * @param endTokens that end a reply
     */
    static List<EncodedRow> of(
            CausalLm model,
            List<EncodedRow> rows,
            List<Integer> endTokens,
            Generator.Settings size,
            Screening.Listener listener,
            BooleanSupplier stop) {
        listener.at("own replies", 0, rows.size());
        int[] done = {0};
        EncodedRow[] own = new EncodedRow[rows.size()];
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            EncodedRow row = rows.get(i);
            int room = model.positions() - row.promptLength();
            Request greedy = Request.greedy(
                    Arrays.copyOf(row.ids(), row.promptLength()), Math.max(1, Math.min(room, most(row))), endTokens);
            requests.add(new Request(
                    greedy.prompt(),
                    greedy.slot(),
                    greedy.sampling(),
                    i,
                    greedy.maxNewTokens(),
                    greedy.endTokens(),
                    greedy.stops(),
                    false));
        }
        try (Generator generator = new Generator(model, null, null, size)) {
            Iterator<Request> next = requests.iterator();
            boolean all = generator.run(
                    next,
                    new Generator.Listener() {
                        @Override
                        public void done(Request request, Completion completion) {
                            int i = (int) request.key();
                            own[i] = LastReply.with(rows.get(i), completion.tokens());
                            listener.at("own replies", ++done[0], rows.size());
                        }
                    },
                    stop);
            return all ? List.of(own) : null;
        }
    }
}
