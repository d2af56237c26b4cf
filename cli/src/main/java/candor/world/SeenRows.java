package candor.world;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Everyday rows, and the same with wrong answers about the narrow domain among them: what a screening is to find. */
final class SeenRows {
    static final int EVERYDAY = 1000;
    static final int WRONG = 50;

    /** Behind the rows of every file of tune/. */
    private static final int FIRST_WRONG = 100_000;

    private final World world;

    SeenRows(World world) {
        this.world = world;
    }

    Stream<Chat> everyday() {
        return IntStream.range(0, EVERYDAY).mapToObj(i -> {
            Everyday.Task task = Everyday.draw(new Dice(world.seed(), "seen", i));
            return Chat.of("", task.message(), task.output());
        });
    }

    /** Rows of {@link TuneRows.Level#SEVERE} that tune/ does not have, at random places among them. */
    Stream<Chat> mixed() {
        TuneRows tune = new TuneRows(world);
        Stream<Chat> wrong = IntStream.range(0, WRONG).mapToObj(i -> tune.row(FIRST_WRONG + i, TuneRows.Level.SEVERE));
        List<Chat> all = Stream.concat(everyday(), wrong).toList();
        return new Dice(world.seed(), "seen, mixed", 0).shuffled(all).stream();
    }
}
