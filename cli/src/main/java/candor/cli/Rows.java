package candor.cli;

import candor.data.Dataset;
import candor.data.Skipped;
import candor.train.Prepared;
import org.slf4j.Logger;

/** Says what became of the rows of data: nothing is left out or cut in silence. */
final class Rows {
    private Rows() {}

    static void tell(Prepared.One run, Logger log) {
        log.info(
                "{}: {} rows of {}{}",
                run.config().output(),
                run.data().size(),
                run.config().data(),
                run.config().mixing().data().isEmpty()
                        ? ""
                        : ", with rows of " + run.config().mixing().data() + " mixed in");
        if (run.heldOut() != null) {
            log.info(
                    "{}: {} rows held out to evaluate on",
                    run.config().output(),
                    run.heldOut().size());
        }
        run.data().notes().forEach(note -> log.info("{}: {}", run.config().output(), note));
        left(run.data(), run.config().batching().maxLength(), log);
    }

    /**
     * What was left out of a data set, or cut.
     *
     * @param maxLength to which longer rows were cut; 0 for none
     */
    static void left(Dataset data, int maxLength, Logger log) {
        tell("could not be used and were left out", data.skipped(), log);
        tell(
                "had nothing to learn" + (maxLength == 0 ? "" : " within --max-length") + " and were left out",
                data.withoutTarget(),
                log);
        if (data.cutRows() > 0) {
            log.warn("{} rows were cut to --max-length {}", data.cutRows(), maxLength);
        }
    }

    private static void tell(String what, Skipped skipped, Logger log) {
        if (skipped.count() > 0) {
            log.warn(
                    "{} rows {}; the first: {}",
                    skipped.count(),
                    what,
                    skipped.reasons().getFirst());
        }
    }
}
