package candor.cli;

import candor.hub.DownloadStopped;
import candor.hub.HubSettings;
import candor.hub.Surroundings;
import java.nio.file.Path;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Model.CommandSpec;

/** The Hub as this process sees it: settings of its environment, progress on standard error, Ctrl-C. */
final class Hub {
    private static final Logger LOG = LoggerFactory.getLogger(Hub.class);

    private Hub() {}

    static HubSettings settings() {
        return HubSettings.of(System.getenv(), Path.of(System.getProperty("user.home")));
    }

    /**
     * Transfers, until they are done or the user stops them.
     *
     * @param spec of the command that is called, to be given again
     * @throws Ended where they were stopped
     */
    static <T> T transferring(CommandSpec spec, Function<Surroundings, T> work) {
        try (Interrupt interrupt = Interrupt.listen(Again.same(spec))) {
            try {
                return work.apply(new Surroundings(LOG::info, new TransferProgress(), interrupt::requested));
            } catch (DownloadStopped stopped) {
                throw new Ended(interrupt.stopped());
            }
        }
    }
}
