package candor.report;

import candor.BadInput;
import candor.io.IoReason;
import candor.io.JsonRecord;
import candor.study.record.StudyFolder;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Something that a report is made of. */
sealed interface Source {
    /** More folders than anyone reads about on one page. */
    int MOST = 50;

    /** What kind of folder it is, in a word. */
    String word();

    /**
     * What the report says of it.
     *
     * @param name begins the names of its files: small letters, digits and dashes
     * @param replies at most, to show on the page
     */
    Part part(String name, int replies);

    /** A study's folder. */
    record OfStudy(StudyFolder folder) implements Source {
        @Override
        public String word() {
            return StudyPart.word(folder.study().kind());
        }

        @Override
        public Part part(String name, int replies) {
            return StudyPart.of(folder, name, replies);
        }
    }

    /** A training run's folder. */
    record OfRun(Path folder, ObjectNode run) implements Source {
        @Override
        public String word() {
            return "run";
        }

        @Override
        public Part part(String name, int replies) {
            return RunPart.of(folder, run, name);
        }
    }

    /** An evaluation's folder. */
    record OfEvaluation(Path folder, ObjectNode scores) implements Source {
        @Override
        public String word() {
            return "evaluation";
        }

        @Override
        public Part part(String name, int replies) {
            return EvaluationPart.of(folder, scores, name, replies);
        }
    }

    /** A screening's folder. */
    record OfScreening(Path folder, ObjectNode record) implements Source {
        @Override
        public String word() {
            return "screening";
        }

        @Override
        public Part part(String name, int replies) {
            return ScreenPart.of(folder, record, name);
        }
    }

    /** What the folder is, or what the folders in it are; studies in the order of the protocols, then by name. */
    static List<Source> in(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new BadInput(folder + (Files.exists(folder) ? ": is not a folder" : ": there is no such folder"));
        }
        Optional<Source> itself = of(folder);
        if (itself.isPresent()) {
            return List.of(itself.get());
        }
        List<Source> found = new ArrayList<>();
        try (Stream<Path> inside = Files.list(folder)) {
            inside.filter(Files::isDirectory)
                    .sorted(Comparator.comparingInt(Source::order)
                            .thenComparing(path -> path.getFileName().toString()))
                    .forEach(path -> of(path).ifPresent(found::add));
        } catch (IOException e) {
            throw new BadInput(folder + ": cannot be read: " + IoReason.of(e), e);
        }
        if (found.isEmpty()) {
            throw new BadInput(folder
                    + ": holds no study (study.json), evaluation (scores.json), screening (screen.json) or training run"
                    + " (run.json),"
                    + " nor does a folder in it");
        }
        if (found.size() > MOST) {
            throw new BadInput(folder + ": holds " + found.size() + " folders to report on, at most " + MOST
                    + " go on a page; report on one of them");
        }
        return found;
    }

    private static int order(Path path) {
        return switch (path.getFileName().toString()) {
            case "direct" -> 0;
            case "mixture" -> 1;
            case "loop" -> 2;
            default -> 3;
        };
    }

    private static Optional<Source> of(Path folder) {
        StudyFolder study = new StudyFolder(folder);
        if (study.exists()) {
            return Optional.of(new OfStudy(study));
        }
        Optional<ObjectNode> scores = JsonRecord.read(folder.resolve("scores.json"));
        if (scores.isPresent()) {
            return Optional.of(new OfEvaluation(folder, scores.get()));
        }
        Optional<ObjectNode> screening = JsonRecord.read(folder.resolve(ScreenPart.RECORD));
        if (screening.isPresent()) {
            return Optional.of(new OfScreening(folder, screening.get()));
        }
        // An evaluation that is not finished has a run.json too, and names its task there.
        return JsonRecord.read(folder.resolve("run.json"))
                .filter(run -> run.has("config"))
                .map(run -> new OfRun(folder, run));
    }
}
