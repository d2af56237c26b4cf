package candor.study;

import candor.BadInput;
import candor.comm.Communicator;
import candor.comm.SharedWork;
import candor.evaluate.ask.Subject;
import candor.evaluate.engine.DividedRespondent;
import candor.evaluate.engine.EngineRespondent;
import candor.lora.AdapterFolder;
import candor.ops.BackendDescriptor;
import candor.ops.Room;
import candor.train.Plan;
import candor.train.Prepared;
import candor.train.Session;
import candor.train.TrainListener;
import candor.train.config.TrainSettings;
import candor.train.distributed.LeastRoom;
import candor.world.EmbeddedModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * One of the processes that {@link Helpers} speaks of: it waits for orders, and carries them out. What the first has made, data and
 * adapters, it reads from the study's folder, which must be one folder for all of them.
 */
public final class HelpingProcess implements AutoCloseable {
    private static final int SHOWN_DIGITS = 8;

    private final Communicator comm;
    private final Map<String, String> facts;
    private final Function<BackendDescriptor, Room> memory;
    private final BooleanSupplier stop;
    private final Map<EngineRespondent.Settings, EngineRespondent> open = new HashMap<>();

    /**
     * @param facts  what is said of the program: all processes must be of one
     * @param memory that there is for this process, by backend
     * @param stop   asked while it works
     */
    public HelpingProcess(
            Communicator comm,
            Map<String, String> facts,
            Function<BackendDescriptor, Room> memory,
            BooleanSupplier stop) {
        this.comm = comm;
        this.facts = facts;
        this.memory = memory;
        this.stop = stop;
    }

    /**
     * Helps until there is nothing more to do.
     *
     * @throws BadInput where it finds other files than the first process
     */
    public void serve() {
        while (true) {
            switch (order()) {
                case Order.Train train -> train(train);
                case Order.Answer answer -> answer(answer);
                case Order.End _ -> {
                    return;
                }
            }
        }
    }

    /** The first may be busy by itself for hours. */
    private Order order() {
        comm.patient(true);
        try {
            return Order.read(comm.broadcast(new byte[0], 0));
        } finally {
            comm.patient(false);
        }
    }

    private void train(Order.Train order) {
        close();
        List<Path> data = new ArrayList<>();
        for (Order.Train.Run run : order.runs()) {
            run.settings().require(TrainSettings.DATA).forEach(file -> data.add(Path.of(file)));
            unpack(Path.of(run.settings().require(TrainSettings.MODEL)));
        }
        SharedFolder.await(data, Files::exists);
        Prepared prepared =
                Prepared.of(order.runs().stream().map(Order.Train.Run::config).toList());
        if (prepared.runs().size() < order.runs().size()) {
            throw new BadInput(
                    "here is an adapter of a run that process 0 is still to train: "
                            + prepared.done().size() + " of " + order.runs().size()
                            + " are done",
                    "have the study's folder on a file system that all processes share");
        }
        Plan plan = plan(comm, prepared, memory);
        try (Session session = Session.open(prepared, plan, facts, comm)) {
            session.train(TrainListener.NONE, stop);
        }
    }

    /** What all processes plan alike; all of them take part. */
    static Plan plan(Communicator comm, Prepared prepared, Function<BackendDescriptor, Room> memory) {
        Room room = LeastRoom.of(comm, memory.apply(prepared.backend().backend()));
        return Plan.of(prepared, room, comm.localSize());
    }

    private void answer(Order.Answer order) {
        open.entrySet().removeIf(each -> {
            boolean over = !order.open().contains(each.getKey());
            if (over) {
                each.getValue().close();
            }
            return over;
        });
        EngineRespondent model = open.computeIfAbsent(order.model(), this::opened);
        requireSame(order, model);
        DividedRespondent.help(comm, model, stop);
    }

    private EngineRespondent opened(EngineRespondent.Settings settings) {
        unpack(settings.model());
        SharedFolder.await(
                settings.adapters().stream()
                        .map(EngineRespondent.NamedAdapter::folder)
                        .toList(),
                AdapterFolder::isAdapter);
        return EngineRespondent.open(settings.on(SharedWork.threads(comm, settings.threads())));
    }

    /** The model that comes with the program is in the user's cache, which another machine need not share. */
    private static void unpack(Path model) {
        if (!Files.exists(model)) {
            EmbeddedModel.folder();
        }
    }

    private void requireSame(Order.Answer order, EngineRespondent model) {
        List<Subject> own = model.subjects();
        for (int i = 0; i < own.size(); i++) {
            Subject theirs = order.subjects().get(i);
            if (!own.get(i).equals(theirs)) {
                throw new BadInput(
                        "process " + comm.rank() + " has other files of " + theirs.name() + " than process 0: model,"
                                + " adapter and settings give " + shown(own.get(i)) + " here, " + shown(theirs)
                                + " there",
                        "start all of them on the same files");
            }
        }
        if (!model.arithmetic().equals(order.arithmetic())) {
            throw new BadInput(
                    "process " + comm.rank() + " computes with " + model.arithmetic() + ", process 0 with "
                            + order.arithmetic(),
                    "start all of them on machines of one kind");
        }
    }

    private static String shown(Subject subject) {
        return subject.fingerprint().substring(0, SHOWN_DIGITS);
    }

    /** Gives up the models that it has open. */
    @Override
    public void close() {
        open.values().forEach(EngineRespondent::close);
        open.clear();
    }
}
