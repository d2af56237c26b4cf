package candor.train;

import candor.BadInput;
import candor.model.ModelFolder;
import candor.probe.Direction;
import candor.probe.DirectionFile;
import candor.probe.EncodedProbe;
import candor.probe.ProbeReading;
import candor.probe.ProbeSet;
import candor.text.ChatEncoder;
import candor.train.config.TrainConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Probes that runs are watched by, as their model reads them.
 *
 * @param probes    all of the set, in its order
 * @param direction of the model, or null
 */
record WatchProbes(List<EncodedProbe> probes, Direction direction) {
    /**
     * Reads what a run's settings name.
     *
     * @param longest    tokens that the model takes
     * @param vocabulary ids that it has
     * @throws BadInput for probes that do not fit the model, and for another model's direction
     */
    static WatchProbes of(TrainConfig config, ChatEncoder encoder, int longest, int vocabulary) {
        TrainConfig.HonestyProbes asked = config.watch().probes();
        ProbeSet set = asked.file() == null ? ProbeSet.shipped() : ProbeSet.read(asked.file());
        List<EncodedProbe> probes;
        try {
            probes = set.encode(encoder, longest, vocabulary);
            ProbeReading.requireEnough(set.name(), probes);
        } catch (BadInput e) {
            throw e.butDo("change the probes, or give others with {honesty_probes}");
        }
        return new WatchProbes(probes, asked.direction() == null ? null : direction(config, asked.direction()));
    }

    private static Direction direction(TrainConfig config, Path file) {
        if (config.model() == null) {
            throw new BadInput(
                    file + ": a direction belongs to a model, and this run starts from random weights",
                    "leave {honesty_direction} out");
        }
        return DirectionFile.read(file).requireOf(ModelFolder.at(config.model()), file);
    }

    /** Tokens of the longest sequence. */
    int longest() {
        return lengths().max().orElseThrow();
    }

    private IntStream lengths() {
        return probes.stream()
                .flatMapToInt(probe -> IntStream.of(
                        probe.truthful().length(), probe.untruthful().length()));
    }

    /** Tokens of a probe: of both of its sequences. */
    static int tokens(EncodedProbe probe) {
        return probe.truthful().length() + probe.untruthful().length();
    }
}
