package candor.study;

import candor.BadInput;
import candor.evaluate.ask.Stopped;
import candor.ops.BackendDescriptor;
import candor.ops.Room;
import candor.train.Outcome;
import candor.train.Plan;
import candor.train.Prepared;
import candor.train.Run;
import candor.train.Session;
import candor.train.TrainListener;
import candor.train.config.TrainSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The stage of training: groups one after another, the runs of a group together. */
final class Training {
    private final StudyConfig config;
    private final Map<String, String> facts;
    private final StudyProgress progress;
    private final Helpers helpers;
    private final BooleanSupplier stop;

    /** @param around what the runs' records shall say of the program, who helps, and who is told */
    Training(StudyConfig config, StudyRun.Surroundings around) {
        this.config = config;
        facts = around.facts();
        progress = around.progress();
        helpers = around.helpers();
        stop = around.stop();
    }

    /**
     * Trains what is not trained yet.
     *
     * @param memory that there is for this process, by backend
     * @throws Stopped when asked to stop; checkpoints are written
     * @throws BadInput for what the user can fix, a run that diverged included
     */
    void train(TrainGroup group, int of, Function<BackendDescriptor, Room> memory) {
        List<Order.Train.Run> runs = group.runs().stream()
                .map(run -> new Order.Train.Run(
                        run.treatment().training().orElseThrow().method(),
                        config.trainSettings(run.treatment(), run.seed())))
                .toList();
        Prepared prepared =
                Prepared.of(runs.stream().map(Order.Train.Run::config).toList());
        if (prepared.runs().isEmpty()) {
            return;
        }
        List<Outcome> outcomes =
                helpers.together(new Order.Train(unfinished(runs, prepared)), () -> train(group, of, prepared, memory));
        for (Outcome outcome : outcomes) {
            switch (outcome) {
                case Outcome.Done _ -> {}
                case Outcome.Interrupted _ -> throw new Stopped();
                case Outcome.Diverged diverged -> throw diverged.reason();
            }
        }
    }

    /** Those that are still to be trained. */
    private static List<Order.Train.Run> unfinished(List<Order.Train.Run> runs, Prepared prepared) {
        Set<Path> outputs =
                prepared.runs().stream().map(run -> run.config().output()).collect(Collectors.toSet());
        return runs.stream()
                .filter(run -> outputs.contains(Path.of(run.settings().require(TrainSettings.OUTPUT))))
                .toList();
    }

    private List<Outcome> train(TrainGroup group, int of, Prepared prepared, Function<BackendDescriptor, Room> memory) {
        Plan plan = HelpingProcess.plan(helpers.processes(), prepared, memory);
        try (Session session = Session.open(prepared, plan, facts, helpers.processes())) {
            long total = session.runs().stream().mapToLong(Run::totalSteps).sum();
            String what = "training group " + group.number() + " of " + of + ", steps";
            TrainListener told = progress.training(session.runs());
            progress.at(what, done(session), total);
            return session.train(
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
        }
    }

    private static long done(Session session) {
        return session.runs().stream().mapToLong(Run::step).sum();
    }
}
