/** The whole story on the tiny world that comes with the program: its data, the three studies, their report, in minutes. */
package candor.quickstart;
