package candor.study;

import candor.BadInput;
import candor.evaluate.ask.Stopped;
import candor.ops.Room;
import candor.train.Outcome;
import candor.train.Plan;
import candor.train.Prepared;
import candor.train.Run;
import candor.train.Session;
import candor.train.TrainListener;
import candor.train.config.TrainConfig;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** The stage of training: groups one after another, the runs of a group together. */
final class Training {
    private final StudyConfig config;
    private final Map<String, String> facts;
    private final StudyProgress progress;
    private final BooleanSupplier stop;

    /** @param facts what the runs' records shall say of the program, such as its version */
    Training(StudyConfig config, Map<String, String> facts, StudyProgress progress, BooleanSupplier stop) {
        this.config = config;
        this.facts = facts;
        this.progress = progress;
        this.stop = stop;
    }

    /** The settings of a group's runs. */
    static List<TrainConfig> configs(StudyConfig config, TrainGroup group) {
        return group.runs().stream()
                .map(run -> config.train(run.treatment(), run.seed()))
                .toList();
    }

    /**
     * Trains what is not trained yet.
     *
     * @param room memory that there is
     * @throws Stopped when asked to stop; checkpoints are written
     * @throws BadInput for what the user can fix, a run that diverged included
     */
    void train(TrainGroup group, int of, Room room) {
        Prepared prepared = Prepared.of(configs(config, group));
        if (prepared.runs().isEmpty()) {
            return;
        }
        Plan plan = Plan.of(prepared, room);
        try (Session session = Session.open(prepared, plan, facts)) {
            long total = session.runs().stream().mapToLong(Run::totalSteps).sum();
            String what = "training group " + group.number() + " of " + of + ", steps";
            TrainListener told = progress.training(session.runs());
            progress.at(what, done(session), total);
            session.train(
                    new TrainListener() {
                        @Override
                        public void step(Run run, Map<String, Number> metrics) {
                            told.step(run, metrics);
                            progress.at(what, done(session), total);
                        }

                        @Override
                        public void ended(Run run, Outcome outcome) {
                            told.ended(run, outcome);
                        }
                    },
                    stop);
            for (Run run : session.runs()) {
                switch (run.outcome()) {
                    case Outcome.Done _ -> {}
                    case Outcome.Interrupted _ -> throw new Stopped();
                    case Outcome.Diverged diverged -> throw diverged.reason();
                }
            }
        }
    }

    private static long done(Session session) {
        return session.runs().stream().mapToLong(Run::step).sum();
    }
}
