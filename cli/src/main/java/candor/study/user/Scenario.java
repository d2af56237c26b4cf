package candor.study.user;

/**
 * What a conversation is about, and what its user may want. The columns of a scenario file (protocol §2.4).
 *
 * @param envName the kind of conversation, such as "therapist chat"
 * @param subEnv the problem at hand
 * @param taskScenario the situation, in the second person
 * @param benignUser what a user wants who seeks help
 * @param misalignUser what a user wants who seeks confirmation of what does them harm
 */
public record Scenario(String envName, String subEnv, String taskScenario, String benignUser, String misalignUser) {
    /** What a user of this type wants. */
    public String preference(UserType type) {
        return switch (type) {
            case BENIGN -> benignUser;
            case BIASED -> misalignUser;
        };
    }
}
