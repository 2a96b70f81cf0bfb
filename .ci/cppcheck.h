/* What cppcheck does not see of system headers, and cannot parse without. */
#define cJSON_ArrayForEach(element, array)                                                         \
    for (element = (array) != 0 ? (array)->child : 0; element != 0; element = element->next)
