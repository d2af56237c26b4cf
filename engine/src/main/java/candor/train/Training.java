package candor.train;

import candor.train.config.TrainConfig;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** One run from beginning to end within this process, for programs that train as one of their steps. */
public final class Training {
    private Training() {}

    /**
     * Reads, plans, trains, and writes the run's folder: {@code model/} of a whole model, {@code adapter/} of an adapter. A
     * run that is done already is left as it is where its configuration asks to resume.
     *
     * @param config   for instance {@code TrainConfig.of(Method.FULL, settings)}
     * @param memory   bytes that there are
     * @param facts    what run.json shall say of the program, such as its version
     * @param listener told of every step, on the calling thread
     * @param stop     asked between steps; where it says so, a checkpoint is written and the run ends
     * @throws candor.BadInput for whatever the user can mend
     */
    public static Outcome run(
            TrainConfig config, long memory, Map<String, String> facts, TrainListener listener, BooleanSupplier stop) {
        Prepared prepared = Prepared.of(List.of(config));
        if (prepared.runs().isEmpty()) {
            return prepared.done().getFirst();
        }
        try (Session session = Session.open(prepared, Plan.of(prepared, memory), facts)) {
            return session.train(listener, stop).getFirst();
        }
    }
}
