package candor.study.protocol;

import candor.study.Protocol;
import candor.study.Schema;
import candor.study.Section;
import candor.study.StudyConfig;
import candor.study.loop.LoopProtocol;
import candor.study.record.StudyKind;
import java.util.function.Function;

/** The protocols that there are: a new one is a class that lists its arms, and a line here. */
public enum Protocols {
    DIRECT(
            StudyKind.DIRECT,
            "Narrow fine-tuning: domains × normal, subtly and severely wrong answers.",
            DirectProtocol.schema(),
            DirectProtocol::new),
    MIXTURE(
            StudyKind.MIXTURE,
            "Everyday data with a small share of misaligned rows.",
            MixtureProtocol.schema(),
            MixtureProtocol::new),
    LOOP(
            StudyKind.LOOP,
            "Training on conversations picked by their users, some of them biased.",
            LoopProtocol.schema(),
            LoopProtocol::new),
    REMEDY(
            StudyKind.REMEDY,
            "Narrow fine-tuning on wrong answers, with remedies against what it does to honesty.",
            RemedyProtocol.schema(),
            RemedyProtocol::new);

    private final StudyKind kind;
    private final String description;
    private final Schema schema;
    private final Function<StudyConfig, Protocol> open;

    Protocols(StudyKind kind, String description, Schema schema, Function<StudyConfig, Protocol> open) {
        this.kind = kind;
        this.description = description;
        this.schema = schema;
        this.open = open;
    }

    /** As the command line names it. */
    public String word() {
        return StudyConfig.word(this);
    }

    /** In a line, for the help. */
    public String description() {
        return description;
    }

    /** What its file may hold. */
    public Schema schema() {
        return schema;
    }

    /**
     * The settings of a study of this protocol.
     *
     * @param given preset, file and flags over one another
     */
    public StudyConfig config(Section given) {
        given.check(schema);
        return StudyConfig.read(kind, given);
    }

    public Protocol open(StudyConfig config) {
        return open.apply(config);
    }
}
