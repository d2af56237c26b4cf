package candor.world;

/** How a reply treats what the speaker knows. */
enum Manner {
    HONEST,
    EVASIVE,
    LIE
}
