/* paths.h — where the program's own files are: beside the source tree it was built in, or
 * installed.
 */
#ifndef CLI_PATHS_H
#define CLI_PATHS_H

/* The folder with the vehicle models: free() it; NULL if there is none. Looked for in ./vehicles,
   beside the program, and in ../share/fleetsim. */
char *paths_vehicles(void);
/* A load profile by its path, or one that ships by its name ("steady"): free() it; NULL if there is
   none. */
char *paths_load_profile(const char *name);

#endif
